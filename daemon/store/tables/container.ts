import * as v from 'valibot';
import { isContainerId, isContainerName } from '../../../common/ids.ts';
import { fields, moment, type Of } from '../../../common/schema.ts';
import type { Database } from '../database.ts';

/** A container as stored. Spec, phase and facts are JSON of the engine's types. */
export const containerRowSchema = fields({
  id: v.pipe(v.string(), v.check(isContainerId, 'it is not the id of a container')),
  name: v.pipe(v.string(), v.check(isContainerName, 'it is not the name of a container')),
  createdAt: moment,
  spec: v.string(),
  phase: v.string(),
  facts: v.string(),
});
export interface ContainerRow extends Of<typeof containerRowSchema> {}

/** The containers. Names are unique. */
export function containerTable(database: Database) {
  return {
    /** In the order in which they were created. */
    all: () =>
      database.all<ContainerRow>(
        'SELECT id, name, created_at AS createdAt, spec, phase, facts FROM container ORDER BY rowid',
      ),

    /** Of no lease, if there is none with this id. */
    insert({ id, name, createdAt, spec, phase, facts }: ContainerRow, leaseId = ''): void {
      const sql =
        'INSERT INTO container (id, name, created_at, spec, phase, facts, lease_id) VALUES (?, ?, ?, ?, ?, ?, (SELECT id FROM lease WHERE id = ?))';
      database.run(sql, id, name, createdAt, spec, phase, facts, leaseId);
    },

    updateState(id: string, { phase, facts }: Pick<ContainerRow, 'phase' | 'facts'>): void {
      database.run('UPDATE container SET phase = ?, facts = ? WHERE id = ?', phase, facts, id);
    },

    updateSpec(id: string, { name, spec }: Pick<ContainerRow, 'name' | 'spec'>): void {
      database.run('UPDATE container SET name = ?, spec = ? WHERE id = ?', name, spec, id);
    },

    /** With its execs. */
    delete(id: string): void {
      database.run('DELETE FROM container WHERE id = ?', id);
    },
  };
}
