import { pageSizes } from '../controllers/hugetlb.ts';
import { keyedValue } from '../files.ts';
import { type FindFolder, oneNumber, type StatsGroup, statsIn } from './group.ts';

/** Huge pages of one size. */
export interface HugetlbStats {
  /** As the kernel writes it: 2MB, 1GB. */
  readonly pageSize: string;
  readonly usageBytes: number;
  /** Null: no limit. */
  readonly limitBytes: number | null;
  /** How often the limit refused a page. */
  readonly refusals: number | null;
}

/** hugetlb.SIZE.current, .max and .events; v1: .usage_in_bytes, .limit_in_bytes and .failcnt. */
export function parseHugetlb(
  pageSize: string,
  [usage, limit, refusals]: readonly (string | null)[],
): HugetlbStats | null {
  const usageBytes = oneNumber(usage);
  if (usageBytes === null) return null;
  return {
    pageSize,
    usageBytes,
    limitBytes: oneNumber(limit),
    refusals: refusals == null ? null : (keyedValue(refusals, 'max') ?? oneNumber(refusals)),
  };
}

const suffixes = {
  1: ['usage_in_bytes', 'limit_in_bytes', 'failcnt'],
  2: ['current', 'max', 'events'],
} as const;

export function hugetlbStats(find: FindFolder): StatsGroup<HugetlbStats[] | null> {
  const folder = find('hugetlb');
  const sizes = pageSizes();
  const names = suffixes[folder?.version ?? 2];
  const files = sizes.flatMap((size) => names.map((name) => `hugetlb.${size}.${name}`));
  return statsIn(folder, files, (texts) =>
    sizes
      .map((size, at) => parseHugetlb(size, texts.slice(at * names.length, (at + 1) * names.length)))
      .filter((stats) => stats !== null),
  );
}
