import { failsWith, readOptional, unless } from './files.ts';
import { groupsIn } from './walk.ts';

function pidsHere(folder: string): number[] {
  // A threaded v2 cgroup has no list of processes: the one above lists them.
  const text = unless(['EOPNOTSUPP', 'ENOTSUP'], () => readOptional(`${folder}/cgroup.procs`)) ?? '';
  // 0 is a process outside likerd's pid namespace.
  return text
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0);
}

/**
 * The processes in a cgroup and in all nested in it, one cgroup after the other: use a pid at once, before another process
 * can have it.
 */
export async function* pidsByGroup(folder: string): AsyncGenerator<readonly number[], void> {
  for await (const group of groupsIn(folder)) yield pidsHere(group);
}

/** The same as one list, read one cgroup after the other. */
export async function pidsIn(folder: string): Promise<number[]> {
  return (await Array.fromAsync(pidsByGroup(folder))).flat();
}

/** Sends a signal to each process; one that has ended is no error. */
export function signalEach(pids: readonly number[], signal: number): void {
  for (const pid of pids) failsWith(['ESRCH'], () => process.kill(pid, signal));
}
