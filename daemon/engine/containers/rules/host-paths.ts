import { type BigIntStats, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { badArgument, LikerError } from '../../../../common/errors.ts';
import type { ContainerSpec, DirectoryRoot } from '../model/spec.ts';

/** Rejects with BAD_ROOTFS or BAD_ARGUMENT when a host path that the spec needs is missing or must not be used this way. */
export async function checkHostPaths(spec: ContainerSpec): Promise<void> {
  const { rootfs } = spec;
  if (rootfs.kind === 'directory')
    refuseRoot(
      rootfs,
      await stat(rootfs.directory, { bigint: true }).then((found) => rootProblem(rootfs, found), whyNot),
    );
  await checkMountSources(spec);
}

/** The same for the mounts alone. */
export async function checkMountSources({ mounts }: Pick<ContainerSpec, 'mounts'>): Promise<void> {
  for (const [index, mount] of mounts.entries()) {
    if (mount.type !== 'bind') continue;
    const problem = await stat(mount.source).then(
      () => null,
      (error: unknown) => (mount.createSource && isMissing(error) ? null : whyNot(error)),
    );
    if (problem !== null)
      throw badArgument(`spec.mounts[${index}].source`, `Cannot mount '${mount.source}': ${problem}`);
  }
}

/** The same for a directory that is the root alone, at each start: it may have been replaced since. */
export function checkDirectory(rootfs: DirectoryRoot): void {
  let problem: string | null;
  try {
    problem = rootProblem(rootfs, statSync(rootfs.directory, { bigint: true }));
  } catch (error) {
    problem = whyNot(error);
  }
  refuseRoot(rootfs, problem);
}

function refuseRoot({ directory }: DirectoryRoot, problem: string | null): void {
  if (problem === null) return;
  throw new LikerError('BAD_ROOTFS', `Cannot use root file system '${directory}': ${problem}`, {
    field: 'spec.rootfs.directory',
    metadata: { field: 'spec.rootfs.directory', directory },
  });
}

function rootProblem({ mode }: DirectoryRoot, found: BigIntStats): string | null {
  if (!found.isDirectory()) return 'it is not a directory';
  if (mode === 'rw' && isHostRoot(found))
    return "it is the host's own root; use it with an overlay or read-only";
  return null;
}

/** By what it is, not by its name: a link, a bind mount or /proc/PID/root leads there too. */
function isHostRoot(found: BigIntStats): boolean {
  // The second differs where likerd itself runs in a container that shows the host's processes.
  return ['/', '/proc/1/root'].some((path) => {
    try {
      const root = statSync(path, { bigint: true });
      return root.dev === found.dev && root.ino === found.ino;
    } catch {
      return false; // a machine may hide it
    }
  });
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

function whyNot(error: unknown): string {
  if (isMissing(error)) return 'it does not exist';
  const { code } = error as NodeJS.ErrnoException;
  const why =
    code === 'EACCES'
      ? ": a folder on the way is closed to likerd's user; open it (chmod o+x), or choose another path"
      : '';
  return `it cannot be read (${code})${why}`;
}
