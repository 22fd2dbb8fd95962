import { type FindFolder, noStats, oneNumber, type StatsGroup } from './group.ts';

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
  const folder = find('pids');
  if (folder === null) return noStats(null);
  return { files: [`${folder.path}/pids.current`, `${folder.path}/pids.max`], parse: parsePids };
}
