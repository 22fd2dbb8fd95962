import * as v from 'valibot';
import { fields, moment, type Of } from '../../../common/schema.ts';
import type { Database } from '../database.ts';

/** A lease as stored. */
export const leaseRowSchema = fields({
  id: v.string(),
  createdAt: moment,
  uid: v.number(),
  /** 0: none. */
  ttlMs: v.number(),
  /** When the time to live began, by the clock of the boot. */
  renewedAt: v.number(),
  /** Why it has ended; empty: it has not. */
  ended: v.string(),
});
export interface LeaseRow extends Of<typeof leaseRowSchema> {}

/** A process that holds a lease, as stored. */
export const leaseHolderRowSchema = fields({
  id: v.number(),
  leaseId: v.string(),
  /** 0: not known. */
  pid: v.pipe(v.number(), v.integer(), v.minValue(0)),
  /** Field 22 of /proc/PID/stat. */
  startTime: v.string(),
});
export interface LeaseHolderRow extends Of<typeof leaseHolderRowSchema> {}

/** Leases and their holders, which go with them. */
export function leaseTable(database: Database) {
  return {
    /** In the order in which they were made. */
    all: () =>
      database.all<LeaseRow>(
        'SELECT id, created_at AS createdAt, uid, ttl_ms AS ttlMs, renewed_at AS renewedAt, ended FROM lease ORDER BY rowid',
      ),

    insert({ id, createdAt, uid, ttlMs, renewedAt, ended }: LeaseRow): void {
      const sql =
        'INSERT INTO lease (id, created_at, uid, ttl_ms, renewed_at, ended) VALUES (?, ?, ?, ?, ?, ?)';
      database.run(sql, id, createdAt, uid, ttlMs, renewedAt, ended);
    },

    renew(id: string, renewedAt: number): void {
      database.run('UPDATE lease SET renewed_at = ? WHERE id = ?', renewedAt, id);
    },

    end(id: string, why: string): void {
      database.run('UPDATE lease SET ended = ? WHERE id = ?', why, id);
    },

    /** What belongs to it belongs to none from then on. */
    delete(id: string): void {
      database.run('DELETE FROM lease WHERE id = ?', id);
    },

    holders: () =>
      database.all<LeaseHolderRow>(
        'SELECT id, lease_id AS leaseId, pid, start_time AS startTime FROM lease_holder ORDER BY id',
      ),

    insertHolder({ id, leaseId, pid, startTime }: LeaseHolderRow): void {
      database.run(
        'INSERT INTO lease_holder (id, lease_id, pid, start_time) VALUES (?, ?, ?, ?)',
        ...[id, leaseId, pid, startTime],
      );
    },

    deleteHolder(id: number): void {
      database.run('DELETE FROM lease_holder WHERE id = ?', id);
    },
  };
}
