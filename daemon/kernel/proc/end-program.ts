import { readFileSync } from 'node:fs';
import { retry } from '../../loop/retry.ts';

const looks = { firstMs: 1, longestMs: 100 };
const patienceMs = 5000;

/**
 * Sends SIGKILL to the process if its arguments contain this one: it may have ended long ago, and another have its pid. Resolves when it
 * holds nothing any more, such as a port, whoever has ended it.
 */
export async function endProgram(pid: number, argument: string): Promise<void> {
  if (!isThere(pid, argument)) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
  await retry(() => !isThere(pid, argument), looks, AbortSignal.timeout(patienceMs));
}

/** A process that ends has lost its arguments before it closes its files, and is a zombie after. */
function isThere(pid: number, argument: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return args.includes(argument) || (args.length === 1 && !/\) [ZX] /.test(stat));
  } catch {
    return false;
  }
}
