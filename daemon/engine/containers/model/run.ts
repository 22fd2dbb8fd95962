import type { Shim, SpawnedShim } from '../../../kernel/process/shim.ts';
import { Semaphore } from '../../../loop/semaphore.ts';
import type { ContainerProcess } from '../../sessions/process.ts';

/** A start that the shim has not answered yet. */
export interface PendingStart {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** One for all: an abort without a reason makes an error with a stack, which costs more than the rest of a run's end. */
const over = new Error('The run is not supervised any more');

/**
 * One run of a container: from its start, or its adoption from an earlier daemon, until everything that it used is released.
 * After that its processes stay known until the next start, for clients that come back late.
 */
export class Run {
  /** Null until it is spawned, while its connection is lost, and once it is released. */
  shim: Shim | null = null;
  /** The shim of a start that is under way; null once the main process has started. */
  spawned: SpawnedShim | null = null;
  /** Null until the plan of the start is made, and if no shim says what it is. */
  main: ContainerProcess | null = null;
  /** By id, with the last of those that have ended. */
  readonly execs = new Map<string, ContainerProcess>();
  /** Health probes that have not ended, by number. They have no record and no clients. */
  readonly probes = new Map<number, ContainerProcess>();
  /** Probes run one at a time. */
  readonly probing = new Semaphore(1);
  /** By number of the process. */
  readonly pendingStarts = new Map<number, PendingStart>();
  /** Gives up the start, whatever it hangs in; null when none is under way. */
  abandon: (() => void) | null = null;
  /** Settles when a lost shim is found again or given up. Whatever needs the shim waits for it. */
  reconnecting: Promise<unknown> | null = null;
  /** When a lost shim was last found again, by performance.now(). */
  reconnectedAt = Number.NEGATIVE_INFINITY;
  /** When the main process was started, by performance.now(). */
  startedSteadyMs: number | null = null;
  /** Set from the end of the main process until everything is released. */
  ending: Promise<void> | null = null;
  #supervision = new AbortController();

  /** The main process and the execs. */
  get processes(): readonly ContainerProcess[] {
    return [...(this.main ? [this.main] : []), ...this.execs.values()];
  }

  /** The process with this number, if the daemon knows it. */
  process(number: number): ContainerProcess | null {
    // Called for each piece of output.
    if (number === 0) return this.main;
    const probe = this.probes.get(number);
    if (probe) return probe;
    for (const exec of this.execs.values()) if (exec.identity.number === number) return exec;
    return null;
  }

  /** The shim is lost or released: nothing is sent to it any more. Returns it, if there was one. */
  loseShim(): Shim | null {
    const { shim } = this;
    this.shim = null;
    for (const process of [...this.processes, ...this.probes.values()]) process.shim = null;
    return shim;
  }

  /** Aborted when whatever watches the run now is to stop. */
  get supervised(): AbortSignal {
    return this.#supervision.signal;
  }

  /** Ends what watches the run: its probes and its time limit. Returns the signal for what watches it from now on. */
  supervise(): AbortSignal {
    this.unsupervise();
    this.#supervision = new AbortController();
    return this.supervised;
  }

  unsupervise(): void {
    this.#supervision.abort(over);
  }
}
