import { readFileSync, writeFileSync } from 'node:fs';
import { setNice } from '../native/libliker.ts';
import type { Log } from './log.ts';

const nice = -10;

/**
 * Raises the priority of the main thread, so that hundreds of shims and programs do not delay the one thread that serves all
 * clients (ADR 17). Nothing that it starts inherits it. A nice value that the operator chose (nice(1), Nice= of systemd) stays.
 */
export function goFirst(log: Log): void {
  try {
    // With autogroups (sched(7)), a nice value counts only within the session, and the session has one of its own.
    if (setNice(nice) && leadsItsSession()) writeFileSync('/proc/self/autogroup', String(nice));
  } catch (error) {
    // No autogroups, or no CAP_SYS_NICE.
    log.debug('cannot raise the priority', { error });
  }
}

/** False for a background job of a shell, which leads the session itself. */
function leadsItsSession(): boolean {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]) === process.pid;
}
