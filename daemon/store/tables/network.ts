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
});
export interface NetworkRow extends Of<typeof networkRowSchema> {}

/** The networks. Names are unique. */
export function networkTable(database: Database) {
  return {
    all: () =>
      database.all<NetworkRow>('SELECT id, name, created_at AS createdAt, spec FROM network ORDER BY rowid'),

    insert({ id, name, createdAt, spec }: NetworkRow): void {
      const sql = 'INSERT INTO network (id, name, created_at, spec) VALUES (?, ?, ?, ?)';
      database.run(sql, id, name, createdAt, spec);
    },

    /** With its endpoints. */
    delete(id: string): void {
      database.run('DELETE FROM endpoint WHERE network_id = ?', id);
      database.run('DELETE FROM network WHERE id = ?', id);
    },
  };
}
