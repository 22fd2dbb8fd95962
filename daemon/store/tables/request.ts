import type { AgeClock } from '../age-clock.ts';
import type { Database } from '../database.ts';

/** A call with a request_id, and what it led to. */
export interface RequestRow {
  readonly id: string;
  /** Digest of what was asked for; empty in a row of an earlier version. */
  readonly asked: string;
  /** Id of the result. */
  readonly result: string;
}

/** The requests of the last ten minutes. */
export class RequestTable {
  readonly #database: Database;
  readonly #clock: AgeClock;

  constructor(database: Database, clock: AgeClock) {
    this.#database = database;
    this.#clock = clock;
  }

  get(id: string): RequestRow | null {
    const sql = 'SELECT id, asked, result FROM request WHERE id = ? AND time > ?';
    return this.#database.all<RequestRow>(sql, id, this.#clock.expired())[0] ?? null;
  }

  insert({ id, asked, result }: RequestRow): void {
    const sql = 'INSERT OR REPLACE INTO request (id, time, asked, result) VALUES (?, ?, ?, ?)';
    this.#database.run(sql, id, this.#clock.now(), asked, result);
  }

  /** The requests with this result led to nothing: they may be made again. */
  deleteOf(result: string): void {
    this.#database.run('DELETE FROM request WHERE result = ?', result);
  }

  trim(): void {
    this.#database.run('DELETE FROM request WHERE time <= ?', this.#clock.expired());
  }
}
