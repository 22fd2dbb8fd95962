import { asError, LikerError } from '../../../../common/errors.ts';
import { check } from '../../../../common/schema.ts';
import type { Log } from '../../../host/log.ts';
import { steadyMs } from '../../../loop/sync.ts';
import type { Store } from '../../../store/store.ts';
import {
  type LeaseHolderRow,
  type LeaseRow,
  leaseHolderRowSchema,
  leaseRowSchema,
} from '../../../store/tables/lease.ts';
import type { Journal } from '../../journal/journal.ts';
import { fromLeaseRow, type Holder, type HolderProcess, type Lease, leaseEvent, newLease } from './lease.ts';

type Changing<T> = { -readonly [Name in keyof T]: T[Name] };

/** All leases, and their records. */
export class Leases {
  readonly #journal: Journal;
  readonly #store: Store;
  readonly #log: Log;
  readonly #byId = new Map<string, Changing<Lease>>();
  #nextHolder = 1;

  constructor(journal: Journal, store: Store, log: Log) {
    this.#journal = journal;
    this.#store = store;
    this.#log = log;
  }

  /** Reads the records. No holder is connected. After a boot the times to live begin anew, as their clock does. */
  adopt({ freshBoot }: { readonly freshBoot: boolean }): void {
    for (const row of this.#store.leases.all()) {
      const lease = this.#readRow(row);
      if (lease === null) continue;
      this.#byId.set(lease.id, lease);
      if (freshBoot && lease.ttlMs > 0) this.renew(lease);
    }
    for (const row of this.#store.leases.holders()) this.#adoptHolder(row);
  }

  /** Null: it cannot be read, and is gone. What belongs to it stays. */
  #readRow(row: LeaseRow): Lease | null {
    try {
      return fromLeaseRow(check(leaseRowSchema, row, 'its row'));
    } catch (error) {
      const fields = { lease: row.id, error: asError(error).message };
      this.#log.error('the record of a lease cannot be read; what belongs to it stays', fields);
      this.#journal.record({ write: () => this.#store.leases.delete(row.id) });
      return null;
    }
  }

  #adoptHolder(row: LeaseHolderRow): void {
    try {
      const { id, leaseId, pid, startTime } = check(leaseHolderRowSchema, row, 'its row');
      this.#nextHolder = Math.max(this.#nextHolder, id + 1);
      const process = pid === 0 ? null : { pid, startTime };
      this.#add(this.find(leaseId), { id, process, connected: false });
    } catch (error) {
      const fields = { lease: row.leaseId, error: asError(error).message };
      this.#log.error('the record of a holder of a lease cannot be read', fields);
      this.#journal.record({ write: () => this.#store.leases.deleteHolder(row.id) });
    }
  }

  /** In the order in which they were made. */
  all(): Lease[] {
    return [...this.#byId.values()];
  }

  get(id: string): Lease | null {
    return this.#byId.get(id) ?? null;
  }

  /** Errors: LEASE_NOT_FOUND. */
  find(id: string): Lease {
    const lease = this.get(id);
    if (lease) return lease;
    throw new LikerError('LEASE_NOT_FOUND', `No such lease: '${id}'; it has ended, or there was none`, {
      metadata: { lease: id },
    });
  }

  /** For what is to belong to it; empty: to none. Errors: LEASE_NOT_FOUND. */
  requireOpen(id: string): void {
    if (id !== '') this.findOpen(id);
  }

  /** Errors: LEASE_NOT_FOUND, also for one that has ended. */
  findOpen(id: string): Lease {
    const lease = this.find(id);
    if (lease.ended === '') return lease;
    throw new LikerError('LEASE_NOT_FOUND', `Lease '${id}' has ended: ${lease.ended}; make another one`, {
      metadata: { lease: id },
    });
  }

  /** False as well if there is none. */
  hasEnded(id: string): boolean {
    return (this.get(id)?.ended ?? '') !== '';
  }

  create(asked: Pick<Lease, 'uid' | 'ttlMs'>): Lease {
    const lease = newLease(asked);
    const { holders: _, gone: _gone, ...row } = lease;
    this.#journal.decide({
      write: () => this.#store.leases.insert(row),
      events: [leaseEvent(lease, 'create')],
    });
    this.#byId.set(lease.id, lease);
    return lease;
  }

  /** A full disk refuses it no more than a holder: what belongs to the lease would be lost. */
  renew(lease: Changing<Lease>): void {
    const now = steadyMs();
    lease.renewedAt = now;
    this.#journal.record({ write: () => this.#store.leases.renew(lease.id, now) });
  }

  /** Adds a holder whose call is open. */
  hold(lease: Changing<Lease>, process: HolderProcess | null): Holder {
    const holder = { id: this.#nextHolder++, process, connected: true };
    const { pid, startTime } = process ?? { pid: 0, startTime: '' };
    this.#add(lease, holder);
    this.#journal.record({
      write: () => this.#store.leases.insertHolder({ id: holder.id, leaseId: lease.id, pid, startTime }),
    });
    return holder;
  }

  letGo(lease: Changing<Lease>, holder: Holder): void {
    lease.holders = lease.holders.filter((one) => one !== holder);
    this.#journal.record({ write: () => this.#store.leases.deleteHolder(holder.id) });
  }

  /** From here on nothing new can belong to it. */
  end(lease: Changing<Lease>, why: string): void {
    lease.ended = why;
    this.#journal.record({
      write: () => this.#store.leases.end(lease.id, why),
      events: [leaseEvent(lease, 'end', why)],
    });
  }

  /** Call it when nothing belongs to it any more. */
  forget(lease: Lease): void {
    this.#byId.delete(lease.id);
    this.#journal.record({
      write: () => this.#store.leases.delete(lease.id),
      events: [leaseEvent(lease, 'destroy', lease.ended)],
    });
    lease.gone.abort();
  }

  #add(lease: Changing<Lease>, holder: Holder): void {
    lease.holders = [...lease.holders, holder];
  }
}
