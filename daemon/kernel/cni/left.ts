import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** One that hangs in the kernel is not waited for any longer. */
const longestMs = 5_000;
const pauseMs = 10;

/** Kills processes with this variable in their environment, and waits until they have ended. */
export async function endMarked(variable: string): Promise<void> {
  for (const end = performance.now() + longestMs; performance.now() < end; await sleep(pauseMs)) {
    const found = marked(variable);
    if (found.length === 0) return;
    for (const pid of found) kill(pid);
  }
}

/** What has ended has no environment. */
function marked(variable: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => environmentOf(pid).includes(variable));
}

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
