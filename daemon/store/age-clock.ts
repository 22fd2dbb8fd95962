import type { Database } from './database.ts';

/** How long the result of a request, and the trace of a removed container, are kept. */
const keptMs = 10 * 60_000;

/**
 * The clock that measures the age of requests and tombstones. It goes on where the last daemon stopped and counts only the time in
 * which a daemon runs, whatever happens to the machine's clock.
 */
export class AgeClock {
  readonly #baseMs: number;
  readonly #steadyMs: () => number;

  /** `steadyMs` never goes back. */
  constructor(database: Database, steadyMs: () => number) {
    const [row] = database.all<{ last: number | null }>(
      'SELECT max(time) AS last FROM (SELECT time FROM request UNION ALL SELECT time FROM tombstone)',
    );
    this.#baseMs = (row?.last ?? 0) - Math.floor(steadyMs());
    this.#steadyMs = steadyMs;
  }

  now(): number {
    return this.#baseMs + Math.floor(this.#steadyMs());
  }

  /** What has this time, or an earlier one, is too old to be kept. */
  expired(): number {
    return this.now() - keptMs;
  }
}
