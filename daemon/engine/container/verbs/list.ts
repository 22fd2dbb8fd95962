import type { Filter } from '../../api.ts';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../container.ts';
import { containerFilter, isListedByDefault } from '../filter.ts';

/** The page of containers that fit, newest first, and the id to go on after; empty on the last page. */
export function listContainers(
  { registry }: EngineContext,
  options: {
    readonly all: boolean;
    readonly filters: readonly Filter[];
    readonly limit: number;
    readonly after: string;
  },
): { readonly page: readonly Container[]; readonly next: string } {
  const fits = containerFilter(options.filters, registry);
  const byState = options.filters.some(({ key }) => key === 'status' || key === 'exited');
  const all = registry.all().filter((c) => (options.all || byState || isListedByDefault(c)) && fits(c));
  const start = options.after ? all.findIndex((container) => container.id === options.after) + 1 : 0;
  const page = all.slice(start, start + options.limit);
  return { page, next: start + options.limit < all.length ? (page.at(-1)?.id ?? '') : '' };
}
