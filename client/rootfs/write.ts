import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LikerError } from '../../common/errors.ts';
import type { RootPlan } from './plan.ts';

const parallelCopies = 8;

/**
 * Writes the plan below `root`. Replaces what stands at a path of the plan; everything else stays. Follows no link in `root`, so that
 * nothing outside is written. Returns the number of bytes copied. Throws BAD_ROOTFS if something is in the way.
 */
export async function writeRoot(plan: RootPlan, root: string, signal?: AbortSignal): Promise<number> {
  for (const [path, mode] of plan.folders) await makeFolder(root, path, mode);
  for (const [path, target] of plan.links) await put(root, path, (place) => symlink(target, place));
  for (const [path, { mode, text }] of plan.texts) {
    await put(root, path, async (place) => {
      await writeFile(place, text, { flag: 'wx' });
      await chmod(place, mode);
    });
  }
  return copyAll([...plan.copies], root, signal);
}

async function copyAll(copies: [string, string][], root: string, signal?: AbortSignal): Promise<number> {
  let bytes = 0;
  const worker = async (): Promise<void> => {
    for (let next = copies.pop(); next !== undefined; next = copies.pop()) {
      signal?.throwIfAborted();
      const [path, source] = next;
      const { size, mode } = await stat(source);
      await put(root, path, async (place) => {
        await copyFile(source, place, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
        await chmod(place, mode & 0o755); // no set-uid: these copies are never updated
      });
      bytes += size;
    }
  };
  // Wait for all copies before throwing, so that the caller can remove the tree.
  const ends = await Promise.allSettled(Array.from({ length: parallelCopies }, worker));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return bytes;
}

async function makeFolder(root: string, path: string, mode: number): Promise<void> {
  const place = join(root, path);
  const found = await kindOf(place);
  if (found === 'other') throw inTheWay(root, path, 'is not a directory');
  if (found === 'folder') return;
  await mkdir(place);
  await chmod(place, mode);
}

/** Makes a file beside its place and renames it, which replaces running programs and follows no link. */
async function put(root: string, path: string, make: (place: string) => Promise<void>): Promise<void> {
  const place = join(root, path);
  const found = await kindOf(place);
  if (found === 'folder') throw inTheWay(root, path, 'is a directory');
  if (found === 'nothing') return make(place);
  const unique = join(dirname(place), `.liker-new-${randomUUID()}`);
  try {
    await make(unique);
    await rename(unique, place);
  } catch (error) {
    await rm(unique, { force: true });
    throw error;
  }
}

async function kindOf(place: string): Promise<'nothing' | 'folder' | 'other'> {
  try {
    return (await lstat(place)).isDirectory() ? 'folder' : 'other';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'nothing';
    throw error;
  }
}

function inTheWay(root: string, path: string, what: string): LikerError {
  return new LikerError(
    'BAD_ROOTFS',
    `Cannot write '${path}' in '${root}': the existing one ${what}; remove it first`,
    {
      metadata: { root, path },
    },
  );
}
