import type { AgeClock } from '../age-clock.ts';
import type { Database } from '../database.ts';

/** What is left of a removed container. */
export interface TombstoneRow {
  readonly id: string;
  readonly name: string;
  /** How it ended, JSON of the engine's type; null when it never ran. */
  readonly exit: string | null;
}

/** The containers that were removed in the last ten minutes. */
export function tombstoneTable(database: Database, clock: AgeClock) {
  return {
    get: (id: string) =>
      database.all<TombstoneRow>('SELECT id, name, exit FROM tombstone WHERE id = ?', id)[0] ?? null,

    insert({ id, name, exit }: TombstoneRow): void {
      const sql = 'INSERT OR REPLACE INTO tombstone (id, name, time, exit) VALUES (?, ?, ?, ?)';
      database.run(sql, id, name, clock.now(), exit);
    },

    trim(): void {
      database.run('DELETE FROM tombstone WHERE time <= ?', clock.expired());
    },
  };
}
