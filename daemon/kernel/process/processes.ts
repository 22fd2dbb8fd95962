import { join } from 'node:path';
import {
  closeFd,
  loadShim,
  pidfdEnded,
  pidfdOpen,
  pidfdReap,
  pidfdSignal,
  spawnShim,
} from '../../native/libliker.ts';
import { Shim } from './shim.ts';

/** A process that cannot be mistaken for a later one with the same pid. */
export interface KnownProcess {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat as text. */
  readonly startTime: string;
}

const repository = join(import.meta.dirname, '../../..');

/** Starts shims from one sealed copy of the shim's binary, and looks after processes by pidfd. */
export class Processes {
  readonly #shimFd: number;

  constructor(binary: string = process.env['LIKER_SHIM'] ?? join(repository, 'native/build/liker-shim')) {
    this.#shimFd = loadShim(binary);
  }

  [Symbol.dispose](): void {
    closeFd(this.#shimFd);
  }

  spawn(plan: Buffer): { readonly shim: Shim; readonly pid: number } {
    const { pid, pidfd, socketFd } = spawnShim(this.#shimFd, plan);
    const shim = Shim.adoptSocket(socketFd, pid);
    // libuv reaps only its own children: without this a shim would stay as a zombie.
    void shim.whenClosed.then(() => pidfdReap(pidfd)).finally(() => closeFd(pidfd));
    return { shim, pid };
  }

  connect(runDir: string): Promise<Shim> {
    return Shim.connect(runDir);
  }

  isAlive(process: KnownProcess): boolean {
    const pidfd = pidfdOpen(process.pid, process.startTime);
    if (pidfd === null) return false;
    try {
      return !pidfdEnded(pidfd);
    } finally {
      closeFd(pidfd);
    }
  }

  kill(process: KnownProcess, signal: number): void {
    const pidfd = pidfdOpen(process.pid, process.startTime);
    if (pidfd === null) return;
    try {
      pidfdSignal(pidfd, signal);
    } finally {
      closeFd(pidfd);
    }
  }
}
