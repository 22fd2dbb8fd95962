import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
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

export interface SpawnedShim {
  readonly shim: Shim;
  readonly pid: number;
  /** Resolves when it has ended, which may be long after its connection. */
  readonly ended: Promise<void>;
  kill(): void;
}

const SIGKILL = 9;
const longestLookMs = 500;

/** Not seen to have ended: it is looked at again. */
function hasEnded(pidfd: number): boolean {
  try {
    return pidfdEnded(pidfd);
  } catch {
    return false;
  }
}

/** A shim whose connection alone is lost may live for long: no thread waits for it. */
async function reap(pidfd: number): Promise<void> {
  for (let pauseMs = 1; !hasEnded(pidfd); pauseMs = Math.min(pauseMs * 2, longestLookMs))
    await setTimeout(pauseMs, undefined, { ref: false });
  await pidfdReap(pidfd);
}

/** Starts shims from one sealed copy of the shim's binary, and looks after processes by pidfd. */
export class Processes {
  readonly #shimFd: number;

  constructor(binary: string = process.env['LIKER_SHIM'] ?? join(repository, 'native/build/liker-shim')) {
    this.#shimFd = loadShim(binary);
  }

  [Symbol.dispose](): void {
    closeFd(this.#shimFd);
  }

  async spawn(plan: Buffer): Promise<SpawnedShim> {
    const { pid, pidfd, socketFd } = await spawnShim(this.#shimFd, plan);
    const shim = Shim.adoptSocket(socketFd, pid);
    // libuv reaps only its own children: without this a shim would stay as a zombie.
    const ended = shim.whenClosed.then(() => reap(pidfd));
    let over = false;
    void ended.finally(() => {
      over = true;
      closeFd(pidfd);
    });
    return { shim, pid, ended, kill: () => void (over || pidfdSignal(pidfd, SIGKILL)) };
  }

  connect(runDir: string): Promise<Shim> {
    return Shim.connect(runDir);
  }

  /** Not seen to have ended: also one that cannot be looked at now, for want of a file. */
  isAlive(process: KnownProcess): boolean {
    try {
      const pidfd = pidfdOpen(process.pid, process.startTime);
      if (pidfd === null) return false;
      try {
        return !pidfdEnded(pidfd);
      } finally {
        closeFd(pidfd);
      }
    } catch {
      return true;
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
