import { type FindFolder, oneNumber, type StatsGroup, statsIn } from './group.ts';

export interface PidsStats {
  /** Processes and threads. */
  readonly current: number;
  /** Null: no limit. */
  readonly limit: number | null;
}

/** pids.current and pids.max, the same on both versions. */
export function parsePids([current, max]: readonly (string | null)[]): PidsStats | null {
  const count = oneNumber(current);
  return count === null ? null : { current: count, limit: oneNumber(max) };
}

export function pidsStats(find: FindFolder): StatsGroup<PidsStats | null> {
  return statsIn(find('pids'), ['pids.current', 'pids.max'], parsePids);
}
