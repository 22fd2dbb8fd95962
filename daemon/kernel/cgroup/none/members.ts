import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { fields, type Of, orNull, read } from '../../../../common/schema.ts';
import {
  heldMountNamespace,
  isFirstOfNamespace,
  mountNamespace,
  type ProcessRow,
  processRow,
  processTable,
  withDescendants,
} from './process-table.ts';

const processSchema = fields({ pid: v.number(), startTime: v.string() });
type Process = Of<typeof processSchema>;

/** By what the processes of a container are known without a cgroup. */
const marksSchema = fields({
  shim: orNull(processSchema),
  main: orNull(processSchema),
  /** The main process is the first of a pid namespace, which ends with it. */
  ownsPids: v.boolean(),
  /** Every container has one of its own, as mnt:[INODE]; empty before the start. */
  mountNamespace: v.string(),
  /** The sessions that its execs lead, by number. */
  execs: v.record(v.string(), v.number()),
});
type Marks = Of<typeof marksSchema>;

const none: Marks = { shim: null, main: null, ownsPids: false, mountNamespace: '', execs: {} };

/** The processes of one container, found in /proc. The marks by which they are known are kept in its run folder for the next daemon. */
export class Members {
  readonly #file: string;
  /** The pid of the program that connects the container's network, which is its shim's but not the container's. */
  readonly #networkPid: string;
  #marks: Marks;

  constructor(runFolder: string) {
    this.#file = join(runFolder, 'processes.json');
    this.#networkPid = join(runFolder, 'network.pid');
    this.#marks = readMarks(this.#file);
  }

  static areKnownIn(runFolder: string): boolean {
    return existsSync(join(runFolder, 'processes.json'));
  }

  /** Where they are from, before one has started. */
  noteShim(pid: number): void {
    const row = processRow(pid);
    this.#write({ ...none, shim: row && { pid, startTime: row.startTime } });
  }

  /** A process has started: 0 is the main process, others are execs. */
  note(number: number, { pid, startTime }: Process): void {
    if (number !== 0) this.#write({ ...this.#marks, execs: { ...this.#marks.execs, [number]: pid } });
    else
      this.#write({
        ...this.#marks,
        main: { pid, startTime },
        ownsPids: isFirstOfNamespace(pid),
        // It may have ended already.
        mountNamespace: mountNamespace(pid) || heldMountNamespace(this.#marks.shim?.pid ?? 0),
      });
  }

  /** All that have not ended. */
  async all(): Promise<ProcessRow[]> {
    const { main, ownsPids } = this.#marks;
    if (ownsPids && !isAlive(main)) return [];
    return this.#find(await processTable());
  }

  /** Those to kill so that all end, in no more time than the kernel needs. */
  async toKill(): Promise<ProcessRow[]> {
    const { main, ownsPids } = this.#marks;
    if (!ownsPids) return this.all();
    const row = main && isAlive(main) ? processRow(main.pid) : null;
    return row ? [row] : [];
  }

  /** Those of an exec: what its process has started, as far as that has not begun a session of its own and lost its parent. */
  async ofExec(number: number): Promise<ProcessRow[]> {
    const session = this.#marks.execs[number];
    if (session === undefined) return [];
    return withDescendants(await this.all(), (row) => row.session === session);
  }

  /**
   * They have the container's mount namespace, or descend from one that has. Beside them, what the shim has adopted is theirs, except
   * for the program of the network, and for what has our own mount namespace (a process on its way into the container).
   */
  #find(rows: readonly ProcessRow[]): ProcessRow[] {
    const { shim, main, mountNamespace: own } = this.#marks;
    const ours = mountNamespace('self');
    const hasShim = isAlive(shim);
    const ofNetwork = this.#readNetworkPid();
    const isAdopted = (row: ProcessRow): boolean =>
      hasShim && row.parentPid === shim?.pid && row.pid !== ofNetwork;
    const isMember = (row: ProcessRow): boolean => {
      if (main === null) return isAdopted(row);
      const namespace = mountNamespace(row.pid);
      return (own !== '' && namespace === own) || (isAdopted(row) && namespace !== ours);
    };
    return withDescendants(rows, isMember);
  }

  #readNetworkPid(): number {
    try {
      return Number(readFileSync(this.#networkPid, 'latin1'));
    } catch {
      return 0;
    }
  }

  #write(marks: Marks): void {
    this.#marks = marks;
    const begun = `${this.#file}.new`;
    try {
      writeFileSync(begun, JSON.stringify(marks), { mode: 0o600 });
      renameSync(begun, this.#file);
    } catch {
      // A full disk: this daemon knows them all the same.
      rmSync(begun, { force: true });
    }
  }
}

function isAlive(process: Process | null): boolean {
  return process !== null && processRow(process.pid)?.startTime === process.startTime;
}

function readMarks(file: string): Marks {
  try {
    return read(marksSchema, readFileSync(file, 'utf8'), file);
  } catch {
    // Not started yet, or ended.
    return none;
  }
}
