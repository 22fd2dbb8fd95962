import { goMap } from './template-functions.ts';

/** A map for templates, sorted by key as Go prints it: on the wire the order is arbitrary. */
export function sortedMap<T>(map: Readonly<Record<string, T>> = {}): Record<string, T> {
  return goMap(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}
