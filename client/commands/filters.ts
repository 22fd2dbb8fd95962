import type { FilterInput } from '../../proto/gen/types/liker/v1/Filter.ts';
import { invalidFlag } from '../request/invalid-flag.ts';
import { parseRootfs } from '../request/rootfs.ts';

/** The image or directory of a container, as run accepts it. */
function rootOf(text: string): string {
  return parseRootfs(text).directory ?? text;
}

/** Parses --filter KEY=VALUE and label!=VALUE. The daemon checks the keys. Throws BAD_ARGUMENT. */
export function parseFilters(items: readonly string[]): FilterInput[] {
  return items.map((item) => {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(item) ?? [];
    if (key === undefined || value === undefined) {
      throw invalidFlag('filter', item, 'use KEY=VALUE');
    }
    const filter = { key: key.trim().toLowerCase(), value: value.trim() };
    return filter.key === 'ancestor' ? { ...filter, value: rootOf(filter.value) } : filter;
  });
}
