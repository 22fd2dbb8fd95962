import { pidsByGroup, signalEach } from './processes.ts';

/** Freezes, kills and counts the processes of a cgroup: one implementation for each version. */
export interface Tracker {
  /** True once all processes are frozen. After the time limit it thaws all and returns false. */
  freeze(folder: string, timeoutMs: number): Promise<boolean>;
  /** A missing cgroup is no error. */
  thaw(folder: string): void;
  isFrozen(folder: string): boolean;
  /** Kills all processes, including nested ones. Returns once none can escape; they end a moment later. */
  kill(folder: string): Promise<void>;
  isPopulated(folder: string): Promise<boolean>;
  /** The file that changes when the last process leaves; v1 has none. */
  readonly eventsFile: string | undefined;
}

/** Long enough for processes in the middle of a system call. */
const standStillMs = 500;

/** Sends a signal to all processes of a cgroup. They are frozen meanwhile, so that no new child is missed. */
export async function signalAll(tracker: Tracker, folder: string, signal: number): Promise<void> {
  const wasFrozen = tracker.isFrozen(folder);
  if (!wasFrozen) await tracker.freeze(folder, standStillMs);
  try {
    for await (const pids of pidsByGroup(folder)) signalEach(pids, signal);
  } finally {
    if (!wasFrozen) tracker.thaw(folder);
  }
}

/** Sends SIGKILL to all. Killed processes do not fork, so it is done once it finds no new process. */
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
    // On v1 SIGKILL takes effect on a frozen process only when it thaws.
    tracker.thaw(folder);
  }
}
