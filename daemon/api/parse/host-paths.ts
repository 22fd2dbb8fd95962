import { stat } from 'node:fs/promises';
import { badArgument, LikerError } from '../../../common/errors.ts';
import type { ContainerSpec, Rootfs } from '../../engine/container/spec.ts';

/** Rejects with BAD_ROOTFS or BAD_ARGUMENT when a path that the spec needs is not there. */
export async function checkHostPaths(spec: ContainerSpec, field: string): Promise<void> {
  await checkRootfs(spec.rootfs, `${field}.rootfs.directory`);
  for (const [index, mount] of spec.mounts.entries()) {
    if (mount.type !== 'bind' || mount.createSource) continue;
    const problem = await problemOf(mount.source);
    if (problem !== null) {
      throw badArgument(`${field}.mounts[${index}].source`, `Cannot mount '${mount.source}': ${problem}`);
    }
  }
}

async function checkRootfs({ directory, mode }: Rootfs, field: string): Promise<void> {
  const problem =
    directory === '/' && mode === 'rw'
      ? "it is the host's own root; use it with an overlay or read-only"
      : await problemOf(directory, { isDirectory: true });
  if (problem !== null) {
    throw new LikerError('BAD_ROOTFS', `Cannot use root file system '${directory}': ${problem}`, {
      field,
      metadata: { field, directory },
    });
  }
}

async function problemOf(path: string, expected = { isDirectory: false }): Promise<string | null> {
  try {
    const found = await stat(path);
    return expected.isDirectory && !found.isDirectory() ? 'it is not a directory' : null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'it does not exist' : `it cannot be read (${code})`;
  }
}
