import { own } from '../../../../common/own.ts';
import { keyedValue } from '../files.ts';
import { type FindFolder, oneNumber, type StatsGroup, statsIn } from './group.ts';

/** Bytes, including nested cgroups. Null: this kernel does not report it. */
export interface MemoryStats {
  readonly usageBytes: number;
  /** Memory that cannot be reclaimed at once: usage without inactive file pages. */
  readonly workingSetBytes: number | null;
  readonly anonBytes: number | null;
  readonly fileBytes: number | null;
  readonly inactiveFileBytes: number | null;
  readonly kernelBytes: number | null;
  readonly swapBytes: number | null;
  /** Null: no limit. */
  readonly limitBytes: number | null;
  readonly peakBytes: number | null;
  /** Out-of-memory kills. */
  readonly oomKills: number | null;
}

type Text = string | null | undefined;

const filesV2 = ['current', 'stat', 'swap.current', 'max', 'peak', 'events'];
const filesV1 = ['usage_in_bytes', 'stat', 'kmem.usage_in_bytes', 'max_usage_in_bytes', 'oom_control'];

/** Files of memory.* on v2, in the order of `filesV2`. */
export function parseMemoryV2([current, stat, swap, max, peak, events]: readonly Text[]): MemoryStats | null {
  const usageBytes = oneNumber(current);
  if (usageBytes === null) return null;
  return {
    usageBytes,
    ...pages(usageBytes, (name) => keyed(stat, name)),
    kernelBytes: keyed(stat, 'kernel'),
    swapBytes: oneNumber(swap),
    limitBytes: oneNumber(max),
    peakBytes: oneNumber(peak),
    oomKills: keyed(events, 'oom_kill'),
  };
}

/** v1's names in memory.stat, by v2's. */
const v1Names: Readonly<Record<string, string>> = {
  anon: 'total_rss',
  file: 'total_cache',
  inactive_file: 'total_inactive_file',
};

/** Files of memory.* on v1, in the order of `filesV1`. */
export function parseMemoryV1([usage, stat, kernel, peak, oom]: readonly Text[]): MemoryStats | null {
  const usageBytes = oneNumber(usage);
  if (usageBytes === null) return null;
  return {
    usageBytes,
    ...pages(usageBytes, (name) => keyed(stat, own(v1Names, name) ?? name)),
    kernelBytes: oneNumber(kernel),
    swapBytes: keyed(stat, 'total_swap'),
    limitBytes: oneNumber(stat?.slice(stat.indexOf(limitKey) + limitKey.length)),
    peakBytes: oneNumber(peak),
    oomKills: keyed(oom, 'oom_kill'),
  };
}

/** In memory.stat: the lowest limit of the cgroup and those above. */
const limitKey = 'hierarchical_memory_limit ';

function keyed(text: Text, key: string): number | null {
  return text === null || text === undefined ? null : keyedValue(text, key);
}

function pages(usageBytes: number, value: (name: string) => number | null) {
  const inactiveFileBytes = value('inactive_file');
  return {
    anonBytes: value('anon'),
    fileBytes: value('file'),
    inactiveFileBytes,
    workingSetBytes: inactiveFileBytes === null ? null : Math.max(0, usageBytes - inactiveFileBytes),
  };
}

export function memoryStats(find: FindFolder): StatsGroup<MemoryStats | null> {
  const folder = find('memory');
  const [names, parse] = folder?.version === 2 ? [filesV2, parseMemoryV2] : [filesV1, parseMemoryV1];
  return statsIn(
    folder,
    names.map((name) => `memory.${name}`),
    parse,
  );
}
