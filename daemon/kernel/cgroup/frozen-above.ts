import { dirname } from 'node:path';
import { readOptional } from './files.ts';
import type { Place } from './layout.ts';

/** Whether a cgroup itself is frozen, and not only with one above it. */
const selfFrozen = { 1: 'freezer.self_freezing', 2: 'cgroup.freeze' } as const;

/** The folder of a frozen cgroup above this one, which is frozen with it; null: there is none. The root of a hierarchy cannot be frozen. */
export function frozenAbove(folder: string, { version, mountPoint }: Place): string | null {
  for (let above = dirname(folder); above.length > mountPoint.length; above = dirname(above))
    if (readOptional(`${above}/${selfFrozen[version]}`) === '1') return above;
  return null;
}
