import { badArgument } from '../../common/errors.ts';
import type { FilterInput } from '../../proto/gen/types/liker/v1/Filter.ts';

/** KEY=VALUE conditions of --filter. The daemon knows which keys there are. */
export function parseFilters(items: readonly string[]): FilterInput[] {
  return items.map((item) => {
    const [, key, value] = /^([^=]+)=(.*)$/s.exec(item) ?? [];
    if (key === undefined || value === undefined) {
      throw badArgument('filter', `Bad --filter '${item}': use KEY=VALUE`);
    }
    return { key: key.trim().toLowerCase(), value: value.trim() };
  });
}
