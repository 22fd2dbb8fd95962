import { randomBytes } from 'node:crypto';
import { steadyMs } from '../../../loop/sync.ts';
import type { LeaseRow } from '../../../store/tables/lease.ts';
import type { NewEvent } from '../../journal/event.ts';

/** A process, told from a later one with its pid. */
export interface HolderProcess {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat. */
  readonly startTime: string;
}

/** Whoever keeps a lease from ending. */
export interface Holder {
  /** Unique among all. */
  readonly id: number;
  /** Null: not known. */
  readonly process: HolderProcess | null;
  /** Its call is open. */
  connected: boolean;
}

/** What belongs to it is removed when it ends. `Leases` alone changes it. */
export interface Lease {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Who made it. */
  readonly uid: number;
  /** 0: none. */
  readonly ttlMs: number;
  /** By steadyMs(). */
  readonly renewedAt: number;
  /** Why it has ended; empty: it has not. */
  readonly ended: string;
  readonly holders: readonly Holder[];
  /** Aborted when it is gone, with all that belonged to it. */
  readonly gone: AbortController;
}

export function newLease({ uid, ttlMs }: Pick<Lease, 'uid' | 'ttlMs'>): Lease {
  const id = randomBytes(8).toString('hex');
  const now = { createdAt: Date.now(), renewedAt: steadyMs() };
  return { id, uid, ttlMs, ...now, ended: '', holders: [], gone: new AbortController() };
}

export function fromLeaseRow(row: LeaseRow): Lease {
  return { ...row, holders: [], gone: new AbortController() };
}

/** Milliseconds until its time is over; infinite without one. */
export function leftMs({ ttlMs, renewedAt }: Pick<Lease, 'ttlMs' | 'renewedAt'>): number {
  return ttlMs === 0 ? Number.POSITIVE_INFINITY : Math.max(0, renewedAt + ttlMs - steadyMs());
}

export function leaseEvent({ id }: Pick<Lease, 'id'>, action: string, why = ''): NewEvent {
  return { subject: { type: 'lease', id, name: '' }, action, attributes: why === '' ? {} : { why } };
}
