import { leases } from '../client/connection/methods.ts';
import { asError, LikerError } from '../common/errors.ts';
import type { Engine } from './engine.ts';
import { waiting } from './waiting.ts';

/** How long what a program makes lives at most. */
export interface LeaseOptions {
  /** All of it is removed after so many milliseconds, even if the program goes on. Default: no bound. */
  readonly ttlMs?: number;
}

/** The lease of a program: likerd sees by a connection that the program lives. */
export class Lease {
  readonly #engine: Engine;
  readonly #ttlMs: number;
  readonly #stop = new AbortController();
  #id: Promise<string> | undefined;

  constructor(engine: Engine, { ttlMs = 0 }: LeaseOptions) {
    this.#engine = engine;
    this.#ttlMs = ttlMs;
  }

  /** The id, under which things are made. A lease that is over is followed by another. */
  id(): Promise<string> {
    this.#id ??= this.#hold();
    return waiting(this.#id);
  }

  /** Removes all that was made; resolves when it is gone. */
  async remove(): Promise<void> {
    const leaseId = await this.#id?.catch(() => undefined);
    if (leaseId !== undefined) await this.#engine.call(leases.RemoveLease, { leaseId });
    this.#stop.abort();
  }

  #hold(): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    let leaseId = '';
    // Only a new lease gets a time to live.
    const request = () => (leaseId === '' ? { ttlMs: this.#ttlMs } : { leaseId });
    const options = { follows: true, signal: this.#stop.signal };
    const holds = async (): Promise<void> => {
      for await (const { lease } of this.#engine.connection.messages(leases.HoldLease, request, options)) {
        leaseId = lease?.id ?? '';
        resolve(leaseId);
      }
      throw new LikerError('LEASE_NOT_FOUND', 'likerd did not make a lease');
    };
    holds().catch((error: unknown) => {
      this.#id = undefined;
      reject(asError(error));
    });
    return promise;
  }
}
