import { errnoOf, readOptional } from './files.ts';
import { groupsIn } from './walk.ts';

function pidsHere(folder: string): number[] {
  try {
    const text = readOptional(`${folder}/cgroup.procs`) ?? '';
    // 0 is a process outside our pid namespace.
    return text === ''
      ? []
      : text
          .split('\n')
          .map(Number)
          .filter((pid) => pid > 0);
  } catch (error) {
    // A threaded v2 cgroup has no list of processes: they are in the one above.
    if (errnoOf(error) === 'EOPNOTSUPP' || errnoOf(error) === 'ENOTSUP') return [];
    throw error;
  }
}

/**
 * The processes in a cgroup and in all that are nested in it, one cgroup after the other: a pid is to be used at once,
 * before it can be that of another process.
 */
export async function* pidsByGroup(folder: string): AsyncGenerator<readonly number[], void> {
  for await (const group of groupsIn(folder)) yield pidsHere(group);
}

/** All of these, as they were one after the other. */
export async function pidsIn(folder: string): Promise<number[]> {
  return (await Array.fromAsync(pidsByGroup(folder))).flat();
}

/** Sends a signal to each process; those that have ended meanwhile are passed over. */
export function signalEach(pids: readonly number[], signal: number): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (errnoOf(error) !== 'ESRCH') throw error;
    }
  }
}
