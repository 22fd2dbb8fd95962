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
export function requestTable(database: Database, clock: AgeClock) {
  return {
    get(id: string): RequestRow | null {
      const sql = 'SELECT id, asked, result FROM request WHERE id = ? AND time > ?';
      return database.all<RequestRow>(sql, id, clock.expired())[0] ?? null;
    },

    insert({ id, asked, result }: RequestRow): void {
      const sql = 'INSERT OR REPLACE INTO request (id, time, asked, result) VALUES (?, ?, ?, ?)';
      database.run(sql, id, clock.now(), asked, result);
    },

    /** The requests with this result led to nothing: they may be made again. */
    deleteOf(result: string): void {
      database.run('DELETE FROM request WHERE result = ?', result);
    },

    delete(id: string): void {
      database.run('DELETE FROM request WHERE id = ?', id);
    },

    trim(): void {
      database.run('DELETE FROM request WHERE time <= ?', clock.expired());
    },
  };
}
