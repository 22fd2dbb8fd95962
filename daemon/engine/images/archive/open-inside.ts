import type { Stats } from 'node:fs';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { LikerError } from '../../../../common/errors.ts';

/** A file of an unpacked archive. */
export interface InsideFile {
  readonly path: string;
  readonly size: number;
}

/**
 * Finds a regular file in an unpacked archive, which nobody else writes to. Links may lead to other files of it, and not outside. Null: there
 * is none. Errors: BAD_IMAGE.
 */
export async function findInside(folder: string, name: string): Promise<InsideFile | null> {
  let path: string;
  let stats: Stats;
  try {
    path = await realpath(join(folder, name));
    stats = await lstat(path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ENOTDIR'].includes(code)) return null;
    throw badFile(name, code || 'it cannot be found');
  }
  if (!path.startsWith(`${await realpath(folder)}/`)) throw badFile(name, 'it leads out of the archive');
  // Opening a device, or a pipe, has effects of its own.
  if (!stats.isFile()) throw badFile(name, 'it is no regular file');
  return { path, size: stats.size };
}

export function openInside({ path }: InsideFile): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
}

/** Reads a file of at most `maxBytes`. Errors: BAD_IMAGE. */
export async function readInside(folder: string, name: string, maxBytes: number): Promise<Buffer> {
  const file = await findInside(folder, name);
  if (file === null) throw badFile(name, 'it is missing');
  if (file.size > maxBytes)
    throw badFile(name, `it has ${file.size} bytes, and at most ${maxBytes} are read`);
  await using handle = await openInside(file);
  return handle.readFile();
}

export function badFile(name: string, why: string): LikerError {
  return new LikerError('BAD_IMAGE', `Cannot use file '${name}' of the archive of images: ${why}`, {
    metadata: { file: name },
  });
}
