import { readFileSync } from 'node:fs';

/** Sends SIGKILL to the process if its arguments contain this one: it may have ended long ago, and another have its pid. */
export function endProgram(pid: number, argument: string): void {
  try {
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    if (args.includes(argument)) process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
