import { closeFd, pidfdOpen, pidfdSignal } from '../../../native/libliker.ts';
import type { ProcessRow } from './process-table.ts';

const SIGKILL = 9;
const SIGSTOP = 19;
/** A process that forks is found at the next look. */
const mostLooks = 100;

type Find = () => Promise<readonly ProcessRow[]>;

/** Sends a signal to each process; one that has ended is no error. */
export function signalRows(rows: readonly ProcessRow[], signal: number): void {
  for (const { pid, startTime } of rows) {
    const pidfd = pidfdOpen(pid, startTime);
    if (pidfd === null) continue;
    try {
      pidfdSignal(pidfd, signal);
    } finally {
      closeFd(pidfd);
    }
  }
}

/** Sends SIGKILL to all that `find` finds, until it finds no new one. They are stopped first, so that they cannot outrun it. */
export async function killAll(find: Find): Promise<void> {
  await signalNew(find, SIGSTOP);
  await signalNew(find, SIGKILL);
}

async function signalNew(find: Find, signal: number): Promise<void> {
  const signalled = new Set<string>();
  for (let look = 0; look < mostLooks; look += 1) {
    const fresh = (await find()).filter((row) => !signalled.has(keyOf(row)));
    if (fresh.length === 0) return;
    signalRows(fresh, signal);
    for (const row of fresh) signalled.add(keyOf(row));
  }
}

function keyOf({ pid, startTime }: ProcessRow): string {
  return `${pid} ${startTime}`;
}
