import { chownSync } from 'node:fs';
import { failsWith, makeFolder } from './files.ts';
import type { Place } from './layout.ts';
import { enableControllers } from './subtree.ts';

/** Whom a cgroup is given to, as the host's ids. */
export interface GroupOwner {
  readonly uid: number;
  readonly gid: number;
}

/** What its owner writes to in a cgroup (cgroup-v2.rst, "Model of Delegation"). In no file of these is a limit. */
const ownFiles = {
  1: ['tasks', 'cgroup.procs', 'cgroup.clone_children'],
  2: ['cgroup.procs', 'cgroup.threads', 'cgroup.subtree_control'],
} as const;

/**
 * Where the processes of a container are that may divide its cgroup: on v2 a cgroup below the one with the limits, which stays out of
 * its reach whoever root inside is. v1's named hierarchies have no limits.
 */
export function delegatedFolder({ version }: Place, folder: string): string {
  return version === 2 ? `${folder}/container` : folder;
}

/** The hierarchies in which systemd makes cgroups. A controller of v1 must not be delegated (cgroup-v1/cgroups.rst). */
export function isDelegated({ version, key }: Place): boolean {
  return version === 2 || key === 'name=systemd';
}

/** Gives a container's cgroup to root inside, to divide it. `folder`: the one with the limits. */
export function delegate(place: Place, folder: string, { uid, gid }: GroupOwner): void {
  const given = delegatedFolder(place, folder);
  if (place.version === 2) {
    // A controller that cannot be enabled is one that systemd does without.
    enableControllers(folder, place.controllers, new Map());
    makeFolder(given);
  }
  chownSync(given, uid, gid);
  for (const file of ownFiles[place.version])
    failsWith(['ENOENT'], () => chownSync(`${given}/${file}`, uid, gid));
}
