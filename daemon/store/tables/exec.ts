import * as v from 'valibot';
import { fields, type Of } from '../../../common/schema.ts';
import type { Database } from '../database.ts';

/** A process that was started in a container. Spec and exit are JSON of the engine's types. */
export const execRowSchema = fields({
  id: v.string(),
  containerId: v.string(),
  /** Unique in its container, and never used again. */
  number: v.number(),
  spec: v.string(),
  onDisconnect: v.string(),
  /** Null while it runs. */
  exit: v.nullable(v.string()),
});
export interface ExecRow extends Of<typeof execRowSchema> {}

/** The execs of containers. They are deleted with their container. */
export function execTable(database: Database) {
  return {
    /** By number. */
    of: (containerId: string) =>
      database.all<ExecRow>(
        `SELECT id, container_id AS containerId, number, spec, on_disconnect AS onDisconnect, exit
          FROM exec WHERE container_id = ? ORDER BY number`,
        containerId,
      ),

    /** In the place of one with its id, which can only be damaged. */
    insert({ id, containerId, number, spec, onDisconnect, exit }: ExecRow): void {
      const sql =
        'INSERT OR REPLACE INTO exec (id, container_id, number, spec, on_disconnect, exit) VALUES (?, ?, ?, ?, ?, ?)';
      database.run(sql, id, containerId, number, spec, onDisconnect, exit);
    },

    setExit(id: string, exit: string): void {
      database.run('UPDATE exec SET exit = ? WHERE id = ?', exit, id);
    },

    setOnDisconnect(id: string, onDisconnect: string): void {
      database.run('UPDATE exec SET on_disconnect = ? WHERE id = ?', onDisconnect, id);
    },

    delete(id: string): void {
      database.run('DELETE FROM exec WHERE id = ?', id);
    },
  };
}
