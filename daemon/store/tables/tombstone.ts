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
export class TombstoneTable {
  readonly #database: Database;
  readonly #clock: AgeClock;

  constructor(database: Database, clock: AgeClock) {
    this.#database = database;
    this.#clock = clock;
  }

  get(id: string): TombstoneRow | null {
    return (
      this.#database.all<TombstoneRow>('SELECT id, name, exit FROM tombstone WHERE id = ?', id)[0] ?? null
    );
  }

  insert({ id, name, exit }: TombstoneRow): void {
    const sql = 'INSERT OR REPLACE INTO tombstone (id, name, time, exit) VALUES (?, ?, ?, ?)';
    this.#database.run(sql, id, name, this.#clock.now(), exit);
  }

  trim(): void {
    this.#database.run('DELETE FROM tombstone WHERE time <= ?', this.#clock.expired());
  }
}
