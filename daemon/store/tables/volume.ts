import * as v from 'valibot';
import { fields, type Of } from '../../../common/schema.ts';
import type { Database } from '../database.ts';

/** A volume as stored. */
export const volumeRowSchema = fields({
  name: v.string(),
  /** Milliseconds since the epoch. */
  createdAt: v.number(),
  /** 1: nobody gave its name, so it goes with its container. */
  anonymous: v.number(),
  /** JSON of texts by name. */
  labels: v.string(),
  /** `filling`: a copy of a root's files into it was begun. `removing`: its folder goes next. */
  state: v.picklist(['fresh', 'filling', 'ready', 'removing']),
  /** Empty: none. */
  leaseId: v.string(),
});
export interface VolumeRow extends Of<typeof volumeRowSchema> {}

/** The volumes, by name. */
export function volumeTable(database: Database) {
  return {
    all: () =>
      database.all<VolumeRow>(
        `SELECT name, created_at AS createdAt, anonymous, labels, state, ifnull(lease_id, '') AS leaseId
          FROM volume ORDER BY name`,
      ),

    insert({ name, createdAt, anonymous, labels, state, leaseId }: VolumeRow): void {
      const sql =
        'INSERT INTO volume (name, created_at, anonymous, labels, state, lease_id) VALUES (?, ?, ?, ?, ?, (SELECT id FROM lease WHERE id = ?))';
      database.run(sql, name, createdAt, anonymous, labels, state, leaseId);
    },

    setState(name: string, state: VolumeRow['state']): void {
      database.run('UPDATE volume SET state = ? WHERE name = ?', state, name);
    },

    delete(name: string): void {
      database.run('DELETE FROM volume WHERE name = ?', name);
    },
  };
}
