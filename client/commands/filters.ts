import type { FilterInput } from '../../proto/gen/types/liker/v1/Filter.ts';
import { invalidFlag } from '../request/invalid-flag.ts';
import { parseRootfs } from '../request/rootfs.ts';

/** What run accepts as a root file system stands for its directory. */
function directoryOf(text: string): string {
  return parseRootfs(text).directory ?? text;
}

/** KEY=VALUE conditions of --filter, label!=VALUE too. The daemon knows which keys there are. */
export function parseFilters(items: readonly string[]): FilterInput[] {
  return items.map((item) => {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(item) ?? [];
    if (key === undefined || value === undefined) {
      throw invalidFlag('filter', item, 'use KEY=VALUE');
    }
    const filter = { key: key.trim().toLowerCase(), value: value.trim() };
    return filter.key === 'ancestor' ? { ...filter, value: directoryOf(filter.value) } : filter;
  });
}
