import { Cgroups } from './cgroups.ts';
import { findDelegation, ownsAll } from './delegation.ts';
import { readText } from './files.ts';
import type { LayoutOptions } from './layout.ts';
import { ownUnifiedPath, parseHierarchies } from './mounts.ts';
import { NoCgroups } from './none/no-cgroups.ts';

/**
 * Opens the cgroups in which likerd makes those of containers. Root has all hierarchies; an ordinary user has what was delegated to
 * him of cgroup v2, or none. Throws NOT_PERMITTED, CGROUP_CONTROLLER_MISSING.
 */
export function openCgroups(
  options: Omit<LayoutOptions, 'delegation'>,
  { isRoot, runFolderOf }: { readonly isRoot: boolean; readonly runFolderOf: (id: string) => string },
): Cgroups | NoCgroups {
  if (isRoot) return Cgroups.open(options);
  const hierarchies = parseHierarchies(options.mountinfo ?? readText('/proc/self/mountinfo'));
  if (hierarchies.length > 0 && ownsAll(hierarchies)) return Cgroups.open(options);
  const delegation = findDelegation(hierarchies, { own: ownUnifiedPath(), asked: options.delegatedPath });
  if (typeof delegation === 'string') return new NoCgroups({ runFolderOf, problem: delegation });
  return Cgroups.open({ ...options, delegation });
}
