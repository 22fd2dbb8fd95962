import * as v from 'valibot';
import { isNetworkId } from '../../../common/ids.ts';
import { fields, moment, type Of } from '../../../common/schema.ts';
import type { Database } from '../database.ts';

/** A network as stored. The spec is JSON of the engine's type. */
export const networkRowSchema = fields({
  id: v.pipe(v.string(), v.check(isNetworkId, 'it is not the id of a network')),
  name: v.string(),
  createdAt: moment,
  spec: v.string(),
  /** Empty: none. Those that a run recalls after the loss of the database have none. */
  leaseId: v.optional(v.string(), ''),
});
export interface NetworkRow extends Of<typeof networkRowSchema> {}

/** The networks. Names are unique. */
export function networkTable(database: Database) {
  return {
    all: () =>
      database.all<NetworkRow>(
        "SELECT id, name, created_at AS createdAt, spec, ifnull(lease_id, '') AS leaseId FROM network ORDER BY rowid",
      ),

    insert({ id, name, createdAt, spec, leaseId }: NetworkRow): void {
      const sql =
        'INSERT INTO network (id, name, created_at, spec, lease_id) VALUES (?, ?, ?, ?, (SELECT id FROM lease WHERE id = ?))';
      database.run(sql, id, name, createdAt, spec, leaseId);
    },

    /** With its endpoints. */
    delete(id: string): void {
      database.run('DELETE FROM endpoint WHERE network_id = ?', id);
      database.run('DELETE FROM network WHERE id = ?', id);
    },
  };
}
