import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Cgroups } from './cgroups.ts';
import { findDelegation, ownsAll } from './delegation.ts';
import { childFolders, readText } from './files.ts';
import type { LayoutOptions } from './layout.ts';
import { type Hierarchy, ownUnifiedPath, parseHierarchies } from './mounts.ts';
import { NoCgroups } from './none/no-cgroups.ts';

interface OpenOptions {
  readonly isRoot: boolean;
  readonly runFolderOf: (id: string) => string;
  /** A file that keeps which cgroup was delegated, for the next likerd, which may be started in another one. */
  readonly memory: string;
}

/**
 * Opens the cgroups in which likerd makes those of containers. Root has all hierarchies; an ordinary user has what was delegated to
 * him of cgroup v2, or none. Throws NOT_PERMITTED, CGROUP_CONTROLLER_MISSING.
 */
export function openCgroups(
  options: Omit<LayoutOptions, 'delegation'>,
  { isRoot, runFolderOf, memory }: OpenOptions,
): Cgroups | NoCgroups {
  if (isRoot) return Cgroups.open(options);
  const hierarchies = parseHierarchies(options.mountinfo ?? readText('/proc/self/mountinfo'));
  if (hierarchies.length > 0 && ownsAll(hierarchies)) return Cgroups.open(options);
  const asked = options.delegatedPath ?? remembered(memory, options.parent, hierarchies);
  const delegation = findDelegation(hierarchies, { own: ownUnifiedPath(), asked });
  if (typeof delegation === 'string') return new NoCgroups({ runFolderOf, problem: delegation });
  writeFileSync(memory, delegation.path, { mode: 0o600 });
  return Cgroups.open({ ...options, delegation });
}

/** The cgroup that an earlier likerd has used, if containers are still in it. */
function remembered(file: string, parent: string, hierarchies: readonly Hierarchy[]): string | undefined {
  if (!existsSync(file)) return undefined;
  const delegation = findDelegation(hierarchies, { own: '/', asked: readFileSync(file, 'utf8') });
  if (typeof delegation === 'string' || childFolders(`${delegation.folder}/${parent}`).length === 0)
    return undefined;
  return delegation.path;
}
