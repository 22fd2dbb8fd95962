import type { Holder } from './model/lease.ts';

/** Leases, as the edge uses them. */
export interface LeaseService {
  /** Errors: BAD_ARGUMENT without a time to live. */
  create(asked: { readonly uid: number; readonly ttlMs: number }): LeaseView;
  /**
   * Holds a lease, a new one if `id` is empty, until the signal is aborted or the lease is gone. Yields once, when it is held. Errors:
   * LEASE_NOT_FOUND, BAD_ARGUMENT.
   */
  hold(
    asked: { readonly id: string; readonly ttlMs: number },
    peer: { readonly uid: number; readonly pid: number },
    signal: AbortSignal,
  ): AsyncIterable<LeaseView>;
  /** Errors: LEASE_NOT_FOUND, WRONG_STATE without a time to live. */
  renew(id: string): LeaseView;
  /** Errors: LEASE_NOT_FOUND. */
  get(id: string): LeaseView;
  /** In the order in which they were made. */
  list(): readonly LeaseView[];
  /** Ends it and resolves when all that belongs to it is gone. One that is not there is a success. Errors: VOLUME_IN_USE, NETWORK_IN_USE. */
  remove(id: string): Promise<void>;
}

/** A lease as it stands. Plain data. */
export interface LeaseView {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly uid: number;
  /** 0: none. */
  readonly ttlMs: number;
  /** Milliseconds since the epoch; null: it has no time to live. */
  readonly expiresAt: number | null;
  readonly holders: readonly Pick<Holder, 'process' | 'connected'>[];
  readonly ending: boolean;
  readonly containerIds: readonly string[];
  readonly volumes: readonly string[];
  readonly networkIds: readonly string[];
}
