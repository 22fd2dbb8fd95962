import { LikerError } from '../../../common/errors.ts';
import { fromShim } from '../../../common/shim/protocol.ts';
import { readAnswer } from './answer.ts';

/** Files of /proc/PID: `stat`, the lines Uid, NSpid and VmRSS of `status`, and the beginning of `cmdline`. */
interface ProcessFiles {
  readonly pid: number;
  readonly stat: string;
  readonly status: string;
  readonly cmdline: string;
}

/** The processes of a cgroup, from /proc. */
export interface Listing {
  /** By pid. The shim limits how many it reports. */
  readonly processes: readonly ProcessFiles[];
  /** How many there are in all. */
  readonly total: number;
}

/** Time limit for answers that no process can delay. */
const factsMs = 10_000;
/** Time limit for the next command line, which is read from the memory of its process. */
const argumentsMs = 1_000;

/**
 * Reads the answers of a shim that lists processes, and closes the socket. A command line that the shim could not read in
 * time is empty.
 */
export async function readListing(socketFd: number): Promise<Listing> {
  const found = new Map<number, ProcessFiles>();
  let total = 0;
  let listed = Number.POSITIVE_INFINITY;
  let told = 0;
  await readAnswer(socketFd, factsMs, (type, pid, c) => {
    if (type === fromShim.processCount) [total, listed] = [c.u32(), c.u32()];
    else if (type === fromShim.process) {
      told += 1;
      const stat = c.bytes(c.u32()).toString('latin1');
      if (stat !== '') found.set(pid, { pid, stat, status: c.rest().toString('latin1'), cmdline: '' });
      // It has ended meanwhile.
      else total -= 1;
    } else if (type === fromShim.arguments) {
      const process = found.get(pid);
      if (process) found.set(pid, { ...process, cmdline: c.rest().toString() });
    }
    return told < listed ? factsMs : argumentsMs;
  });
  if (told < listed) throw new LikerError('TIMED_OUT', notTold);
  return { processes: [...found.values()], total };
}

const notTold =
  'Cannot read the processes of the container: their reader exited early, or /proc does not respond; try again';
