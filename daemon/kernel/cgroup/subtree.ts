import { existsSync } from 'node:fs';
import { errnoOf, failsWith, makeFolder, readOptional, writeText } from './files.ts';

/** The words of a file such as cgroup.controllers; none if it does not exist. */
export function words(text: string | null): string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '');
}

/**
 * A v2 cgroup other than the root cannot both have processes and enable controllers for its children (cgroup-v2.rst, "No
 * Internal Process Constraint"). This moves likerd, and everything else in likerd's own cgroup, to a leaf.
 */
function moveToLeaf(folder: string): void {
  const leaf = `${folder}/daemon`;
  makeFolder(leaf);
  for (const pid of words(readOptional(`${folder}/cgroup.procs`)))
    failsWith(['ESRCH'], () => writeText(`${leaf}/cgroup.procs`, pid));
}

function isRoot(folder: string): boolean {
  return !existsSync(`${folder}/cgroup.events`);
}

function holdsUs(folder: string): boolean {
  return words(readOptional(`${folder}/cgroup.procs`)).includes(String(process.pid));
}

function enableOne(folder: string, controller: string, problems: Map<string, string>): void {
  try {
    writeText(`${folder}/cgroup.subtree_control`, `+${controller}`);
  } catch (error) {
    const why =
      errnoOf(error) === 'EBUSY' ? 'EBUSY: other processes are in this cgroup' : (error as Error).message;
    problems.set(controller, `it cannot be enabled in ${folder}/cgroup.subtree_control (${why})`);
  }
}

/** Enables the controllers that the cgroup has for its children. Adds failures to `problems`. */
export function enableControllers(
  folder: string,
  controllers: readonly string[],
  problems: Map<string, string>,
): void {
  const available = words(readOptional(`${folder}/cgroup.controllers`));
  const enabled = words(readOptional(`${folder}/cgroup.subtree_control`));
  const missing = controllers.filter((name) => available.includes(name) && !enabled.includes(name));
  if (missing.length === 0) return;
  if (!isRoot(folder) && holdsUs(folder)) moveToLeaf(folder);
  for (const controller of missing) enableOne(folder, controller, problems);
}
