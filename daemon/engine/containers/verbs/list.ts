import type { EngineContext } from '../../context.ts';
import { layersOfImage } from '../../images/roots.ts';
import type { ListOptions } from '../api.ts';
import type { Container } from '../model/container.ts';
import { containerFilter, isListedByDefault } from '../model/filter.ts';
import { listedAfter, pageToken } from '../model/page.ts';

/** The page of containers that fit, newest first, and the token to go on after it; empty on the last page. */
export function listContainers(
  context: EngineContext,
  options: Omit<ListOptions, 'withSize'>,
): { readonly page: readonly Container[]; readonly next: string } {
  const { registry, networks } = context;
  const layersOf = (image: string) => layersOfImage(context.images, image);
  const fits = containerFilter(options.filters, { registry, networks, layersOf });
  const byState = options.filters.some(({ key }) => key === 'status' || key === 'exited');
  const all = registry.all().filter((c) => (options.all || byState || isListedByDefault(c)) && fits(c));
  const rest = options.after ? listedAfter(all, options.after) : all;
  const page = rest.slice(0, options.limit);
  const last = page.at(-1);
  return { page, next: last && page.length < rest.length ? pageToken(last) : '' };
}
