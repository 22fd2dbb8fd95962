import { join } from 'node:path';
import { listings } from '../../loop/crowd.ts';
import { retry } from '../../loop/retry.ts';
import {
  closeFd,
  loadShim,
  pidfdEnded,
  pidfdOpen,
  pidfdReap,
  pidfdSignal,
  spawnShim,
} from '../../native/libliker.ts';
import { readDone } from './done.ts';
import { type ExitRecord, readExitRecord } from './exit-record.ts';
import { type Holder, holderOf } from './holder.ts';
import type { HostProcess } from './host-process.ts';
import { type Listing, readListing } from './listing.ts';
import type { StartFailure } from './reports.ts';
import { type Shim, ShimConnection, type SpawnedShim } from './shim.ts';
import { type Spare, Spares } from './spares.ts';
import { type FoundUser, readUser } from './user.ts';

const repository = join(import.meta.dirname, '../../..');

const SIGKILL = 9;
const looks = { firstMs: 1, longestMs: 500 };

/** False also if it cannot be checked now. */
function hasEnded(pidfd: number): boolean {
  try {
    return pidfdEnded(pidfd);
  } catch {
    return false;
  }
}

/** A shim that only lost its connection may live long, so no thread waits for it. */
async function reap(pidfd: number): Promise<void> {
  if (!hasEnded(pidfd)) await retry(() => hasEnded(pidfd), looks);
  try {
    await pidfdReap(pidfd);
  } catch {
    // It has ended all the same; at worst it stays a zombie as long as likerd lives.
  }
}

/** Reaps a shim, since libuv reaps only its own children. `over` resolves when the shim is about to end. */
function watched(pidfd: number, over: Promise<void>): Pick<SpawnedShim, 'ended' | 'kill'> {
  const ended = over.then(() => reap(pidfd));
  let reaped = false;
  void ended.finally(() => {
    reaped = true;
    closeFd(pidfd);
  });
  return { ended, kill: () => void (reaped || pidfdSignal(pidfd, SIGKILL)) };
}

/** Starts shims from one sealed copy of the binary, and finds and signals processes by pidfd. */
export class Processes {
  readonly #shimFd: number;
  readonly #spares: Spares;

  /** `spares`: how many shims wait for the next starts, from the first one on. */
  constructor({ spares = 0 }: { readonly spares?: number } = {}) {
    this.#shimFd = loadShim(process.env['LIKER_SHIM'] ?? join(repository, 'native/build/liker-shim'));
    this.#spares = new Spares(spares, () => this.#birth());
  }

  [Symbol.dispose](): void {
    this.#spares[Symbol.dispose]();
    closeFd(this.#shimFd);
  }

  /** Starts a shim with an encoded plan. `held`: fds of which it keeps copies open until it ends. */
  async spawn(plan: Buffer, held: readonly number[] = []): Promise<SpawnedShim> {
    const begun = await this.#spares.begin(plan, held);
    this.#spares.refill();
    return begun ?? (await this.#birth(plan, held));
  }

  async #birth(plan: Buffer | null = null, held: readonly number[] = []): Promise<Spare> {
    const { pid, pidfd, socketFd } = await spawnShim(this.#shimFd, plan, held);
    const shim = ShimConnection.adoptSocket(socketFd, pid);
    return { shim, pid, ...watched(pidfd, shim.whenClosed) };
  }

  /** Starts a shim whose process only holds a root with its mounts, by an encoded plan that ends with `hold`, and ends with this daemon. */
  async hold(plan: Buffer): Promise<Holder | StartFailure> {
    const { shim, ended } = await this.spawn(plan);
    return holderOf(shim, ended);
  }

  /** Lists the processes of a cgroup from /proc, in a separate process that executes a plan of encodeListing. */
  async list(plan: Buffer): Promise<Listing> {
    using _place = await listings.enter();
    return await this.#ask(plan, readListing);
  }

  /** Looks up a user in a container, in a separate process that executes a plan of encodeLookUp. */
  lookUp(plan: Buffer): Promise<FoundUser | StartFailure> {
    return this.#ask(plan, readUser);
  }

  /** Does the steps of a plan of encodeSteps in a separate process, which may take so long. Answers the step that failed, or null. */
  act(plan: Buffer, limitMs: number): Promise<StartFailure | null> {
    return this.#ask(plan, (socketFd) => readDone(socketFd, limitMs));
  }

  /** A reader that hangs is killed; likerd does not wait until it ends. */
  async #ask<Answer>(plan: Buffer, read: (socketFd: number) => Promise<Answer>): Promise<Answer> {
    const { pidfd, socketFd } = await spawnShim(this.#shimFd, plan);
    const answer = read(socketFd);
    const settled = answer.then(
      () => {},
      () => {},
    );
    const { kill } = watched(pidfd, settled);
    void settled.then(kill);
    return answer;
  }

  /** Connects to a running shim; rejects if there is none. */
  connect(runDir: string): Promise<Shim> {
    return ShimConnection.connect(runDir);
  }

  /** The record of a shim that is gone of how the main process ended; null if it wrote none. */
  exitRecord(runDir: string): ExitRecord | null {
    return readExitRecord(runDir);
  }

  /** False only if it has ended; true if that cannot be checked because no file can be opened. */
  isAlive(process: HostProcess): boolean {
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

  /** A process that has ended is no error. */
  kill(process: HostProcess, signal: number): void {
    const pidfd = pidfdOpen(process.pid, process.startTime);
    if (pidfd === null) return;
    try {
      pidfdSignal(pidfd, signal);
    } finally {
      closeFd(pidfd);
    }
  }
}
