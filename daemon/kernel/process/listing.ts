import { Socket } from 'node:net';
import { LikerError } from '../../../common/errors.ts';
import { Cursor } from './cursor.ts';
import { fromShim } from './protocol.ts';
import { FrameReader } from './reader.ts';

/** Files of /proc/PID: `stat`, of `status` the lines Uid, NSpid and VmRSS, and the beginning of `cmdline`. */
export interface ProcessFiles {
  readonly pid: number;
  readonly stat: string;
  readonly status: string;
  readonly cmdline: string;
}

/** The processes of a cgroup, as /proc tells of them. */
export interface Listing {
  /** By pid; no more than the shim tells at a time. */
  readonly processes: readonly ProcessFiles[];
  /** How many there are in all. */
  readonly total: number;
}

/** How long the kernel may take for what no process can hold up. */
const factsMs = 10_000;
/** How long the next command line may take, which is read from the memory of its process. */
const argumentsMs = 1_000;

/**
 * Takes what a shim tells that was asked for processes, until it ends or is waited for in vain; command lines that it has not
 * read by then are empty. Closes the socket.
 */
export function readListing(socketFd: number): Promise<Listing> {
  const found = new Map<number, ProcessFiles>();
  let total = 0;
  let listed = Number.POSITIVE_INFINITY;
  let told = 0;
  const { promise, resolve, reject } = Promise.withResolvers<Listing>();
  const socket = new Socket({ fd: socketFd, readable: true, writable: false });
  const over = () => {
    clearTimeout(timer);
    socket.destroy();
    if (told < listed) {
      reject(new LikerError('TIMED_OUT', notTold));
      return;
    }
    resolve({ processes: [...found.values()], total });
  };
  let timer = setTimeout(over, factsMs);
  const reader = new FrameReader({
    data: () => {},
    frame: ({ type, process: pid }, payload) => {
      const c = new Cursor(payload);
      if (type === fromShim.processCount) [total, listed] = [c.u32(), c.u32()];
      else if (type === fromShim.process) {
        told += 1;
        const stat = c.bytes(c.u32()).toString('latin1');
        if (stat !== '') found.set(pid, { pid, stat, status: c.rest().toString('latin1'), cmdline: '' });
      } else if (type === fromShim.arguments) {
        const process = found.get(pid);
        if (process) found.set(pid, { ...process, cmdline: c.rest().toString() });
      }
      if (told < listed) return;
      clearTimeout(timer);
      timer = setTimeout(over, argumentsMs);
    },
  });
  socket.on('data', (chunk: Buffer) => reader.push(chunk));
  socket.on('error', () => {});
  socket.on('close', over);
  return promise;
}

const notTold =
  'Cannot read the processes of the container: their reader has ended early, or /proc does not answer; try again';
