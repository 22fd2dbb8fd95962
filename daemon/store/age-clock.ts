import type { Database } from './database.ts';

/** How long the result of a request, and the trace of a removed container, are kept. */
const keptMs = 10 * 60_000;

export interface AgeClock {
  now(): number;
  /** What has this time, or an earlier one, is too old to be kept. */
  expired(): number;
}

/**
 * The clock that measures the age of requests and tombstones. It continues where the last daemon stopped and counts only the time
 * in which a daemon runs, whatever happens to the machine's clock. `steadyMs` never goes back.
 */
export function ageClock(database: Database, steadyMs: () => number): AgeClock {
  const [row] = database.all<{ last: number | null }>(
    'SELECT max(time) AS last FROM (SELECT time FROM request UNION ALL SELECT time FROM tombstone)',
  );
  const baseMs = (row?.last ?? 0) - Math.floor(steadyMs());
  const now = () => baseMs + Math.floor(steadyMs());
  return { now, expired: () => now() - keptMs };
}
