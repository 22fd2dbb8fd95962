import { accessSync, constants } from 'node:fs';
import type { Hierarchy } from './mounts.ts';

/** A cgroup v2 in which likerd may make cgroups although it is not root on the host. */
export interface Delegation {
  readonly hierarchy: Hierarchy;
  /** As in /proc/PID/cgroup. */
  readonly path: string;
  /** Folder of the cgroup. */
  readonly folder: string;
  /** Controllers that are on cgroup v1 here, by its names. */
  readonly onV1: readonly string[];
}

/** What whoever delegates a cgroup gives away (cgroup-v2.rst, "Model of Delegation"). */
const delegated = ['', '/cgroup.procs', '/cgroup.subtree_control'];

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether likerd may make its parent cgroup at the top of every hierarchy, as root may. */
export function ownsAll(hierarchies: readonly Hierarchy[]): boolean {
  return hierarchies.every(({ mountPoint }) => isWritable(mountPoint));
}

/** The folder of a cgroup in a v2 mount, which may show only a part of the tree. */
export function folderIn({ root, mountPoint }: Hierarchy, path: string): string {
  const inside = root !== '/' && path.startsWith(root) ? path.slice(root.length) : path;
  return inside === '/' ? mountPoint : `${mountPoint}${inside}`;
}

/**
 * The cgroup that was delegated to likerd's user: `asked`, or likerd's own, `own`, or the one above it if that is a leaf named
 * "daemon". If there is none, why, and what to do, in the words that follow "Cannot … : ".
 */
export function findDelegation(
  hierarchies: readonly Hierarchy[],
  { own, asked }: { readonly own: string; readonly asked: string | undefined },
): Delegation | string {
  const hierarchy = hierarchies.find(({ version }) => version === 2);
  if (hierarchy === undefined)
    return "likerd runs without root, and cgroup v1 cannot be delegated to a user; boot with 'systemd.unified_cgroup_hierarchy=1'";
  const path = asked ?? (own.replace(/\/daemon$/, '') || '/');
  const folder = folderIn(hierarchy, path);
  const onV1 = hierarchies.flatMap(({ version, controllers }) => (version === 1 ? controllers : []));
  if (delegated.every((file) => isWritable(`${folder}${file}`))) return { hierarchy, path, folder, onV1 };
  const andBoot = onV1.includes('memory')
    ? `, and ${boot}, since most controllers are on cgroup v1 here`
    : '';
  return `likerd runs without root, and the cgroup '${path}' is not delegated to its user; ${startInUnit}${andBoot}`;
}

const startInUnit =
  "start it in a unit of systemd that has [Service] Delegate=yes and KillMode=process, such as 'systemd-run --user --unit=likerd -p Delegate=yes -p KillMode=process likerd'";

const boot = "boot with 'systemd.unified_cgroup_hierarchy=1'";

/** Why the delegated cgroup does not have a controller, by v2's name, and what to do about it. */
export function whyUndelegated(
  { folder, onV1 }: Delegation,
  controller: string,
): { why: string; remedy: string } {
  if (onV1.includes(controller === 'io' ? 'blkio' : controller))
    return { why: 'it is on cgroup v1 here, which cannot be delegated', remedy: boot };
  return { why: `${folder}/cgroup.controllers does not have it`, remedy: controllerRemedy };
}

/** How root lets the units of users have a controller. */
const controllerRemedy =
  "let root give it to users: 'sudo systemctl edit user@.service', with [Service] Delegate=cpu cpuset io memory pids, and log in anew";
