import { LikerError } from '../../../../common/errors.ts';
import type { ContainerGroup } from '../container-cgroup.ts';
import type { ExecGroup } from '../exec-cgroup.ts';
import type { AppliedLimit, Resources } from '../resources.ts';
import { cgroupStats } from '../stats/table.ts';
import { until } from '../until.ts';
import { killAll, signalRows } from './kill.ts';
import type { Members } from './members.ts';
import { refuseLimits } from './refuse.ts';

/** As for a cgroup: a killed process ends within milliseconds, unless it hangs in the kernel. */
const patienceMs = 10_000;

/** The processes of a container that has no cgroup: they can be counted and signalled, but neither limited nor frozen. */
export class ProcessGroup implements ContainerGroup {
  readonly paths = {};
  readonly shown = {};
  readonly delegated = [];
  readonly joinFiles = [];
  readonly unified = '';
  readonly folder = '';
  readonly eventsFile = '';
  readonly oomFile = '';
  readonly applied: readonly AppliedLimit[];
  readonly #members: Members;
  readonly #problem: string;

  constructor(
    members: Members,
    { problem, applied }: { readonly problem: string; readonly applied: readonly AppliedLimit[] },
  ) {
    this.#members = members;
    this.#problem = problem;
    this.applied = applied;
  }

  noteShim(pid: number): void {
    this.#members.noteShim(pid);
  }

  noteProcess(number: number, process: { readonly pid: number; readonly startTime: string }): void {
    this.#members.note(number, process);
  }

  async listed() {
    const rows = await this.#members.all();
    return { folder: '', pids: rows.map(({ pid }) => pid) };
  }

  createExec(number: number): ExecGroup {
    return this.openExec(number);
  }

  /** None is held by a folder. */
  execs(): number[] {
    return [];
  }

  openExec(number: number): ExecGroup {
    const find = () => this.#members.ofExec(number);
    return {
      joinFiles: [],
      unified: '',
      // What is left of it lives on with the container, and nothing has to be released when that ends.
      populated: async () => false,
      kill: () => killAll(find),
      remove: async () => {},
    };
  }

  async freeze(): Promise<void> {
    throw new LikerError('CGROUP_CONTROLLER_MISSING', `Cannot pause: ${this.#problem}`, {
      metadata: { controller: 'freezer' },
    });
  }

  async thaw(): Promise<void> {}

  frozen(): boolean {
    return false;
  }

  frozenAbove(): null {
    return null;
  }

  async kill(): Promise<void> {
    await killAll(() => this.#members.toKill());
  }

  async signalAll(signal: number): Promise<void> {
    signalRows(await this.#members.all(), signal);
  }

  async populated(): Promise<boolean> {
    return (await this.#members.all()).length > 0;
  }

  oomKills(): number {
    return 0;
  }

  update(resources: Resources): AppliedLimit[] {
    return refuseLimits(resources, this.#problem, 'strict');
  }

  /** Waits for killed processes. */
  async remove(): Promise<void> {
    const gone = async () => (await this.#members.all()).length === 0;
    if (await until(gone, patienceMs)) return;
    const pids = (await this.#members.all()).map(({ pid }) => pid).join(', ');
    throw new LikerError(
      'SYSCALL',
      `Cannot end the processes ${pids} of a container: they are waiting in the kernel; try again`,
      {
        metadata: { pids },
        syscall: { step: 'kill', syscall: 'pidfd_send_signal', errno: 'EBUSY', object: pids },
      },
    );
  }

  stats() {
    return cgroupStats(() => null);
  }
}
