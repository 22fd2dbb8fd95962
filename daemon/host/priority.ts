import { readFileSync, writeFileSync } from 'node:fs';
import { setNice } from '../native/libliker.ts';
import type { Log } from './log.ts';

const nice = -10;

/**
 * Hundreds of shims and programs that all want a CPU at once do not go before the one thread that serves everybody (ADR 17).
 * Only that thread has the priority, and nothing that it starts. An operator's own choice (nice(1), Nice= of systemd) stays.
 */
export function goFirst(log: Log): void {
  try {
    // Where the kernel shares the CPUs out among sessions (sched(7), autogroup), a nice value counts within one only.
    if (setNice(nice) && leadsItsSession()) writeFileSync('/proc/self/autogroup', String(nice));
  } catch (error) {
    // No autogroups, or no CAP_SYS_NICE: a choice of those who run this machine.
    log.debug('goes on without a higher priority', { error });
  }
}

/** Not so in a shell's background: the session is the shell's. */
function leadsItsSession(): boolean {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]) === process.pid;
}
