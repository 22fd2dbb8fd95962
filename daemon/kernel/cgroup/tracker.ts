import { pidsByGroup, signalEach } from './processes.ts';

/** How the processes of a cgroup are stopped, killed and counted: one implementation for each version. */
export interface Tracker {
  /** True once all processes stand still; false, and all thawed again, when they did not within the time. */
  freeze(folder: string, timeoutMs: number): Promise<boolean>;
  /** A cgroup that is gone is no error. */
  thaw(folder: string): void;
  isFrozen(folder: string): boolean;
  /** Kills all processes, nested ones too. Returns once none can escape; they end a moment later. */
  kill(folder: string): Promise<void>;
  isPopulated(folder: string): Promise<boolean>;
  /** File that changes when the last process leaves; absent on v1. */
  readonly eventsFile: string | undefined;
}

/** Long enough for processes that are in the middle of a system call. */
const standStillMs = 500;

/** Sends a signal to all processes of a cgroup while they stand still, so that none is missed as it forks. */
export async function signalAll(tracker: Tracker, folder: string, signal: number): Promise<void> {
  const wasFrozen = tracker.isFrozen(folder);
  if (!wasFrozen) await tracker.freeze(folder, standStillMs);
  try {
    for await (const pids of pidsByGroup(folder)) signalEach(pids, signal);
  } finally {
    if (!wasFrozen) tracker.thaw(folder);
  }
}

/** SIGKILL to all; a killed process forks no more, so the rounds end once no process is new. */
export async function killBySignals(tracker: Tracker, folder: string): Promise<void> {
  const killed = new Set<number>();
  await tracker.freeze(folder, standStillMs);
  try {
    for (let round = 0; round < 100; round += 1) {
      const before = killed.size;
      for await (const pids of pidsByGroup(folder)) {
        const fresh = pids.filter((pid) => !killed.has(pid));
        signalEach(fresh, 9);
        for (const pid of fresh) killed.add(pid);
      }
      if (killed.size === before) return;
    }
  } finally {
    // SIGKILL reaches a frozen process of v1 only when it thaws.
    tracker.thaw(folder);
  }
}
