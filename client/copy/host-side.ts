import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readlink, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { badArgument } from '../../common/errors.ts';
import { FileTree, type UnpackOptions } from '../../common/files/tree.ts';
import { fileProblem } from '../cli/file-problem.ts';
import { meansContents, meansDirectory } from './place.ts';
import { found, type HostSide } from './side.ts';

/** The programs beside the bundle. */
const build = join(import.meta.dirname, '../native/build');

const files = new FileTree({
  tree: process.env['LIKER_TREE'] ?? join(build, 'liker-tree'),
  unpack: process.env['LIKER_UNPACK'] ?? join(build, 'liker-unpack'),
});

/** The absolute path, which still ends as it did. */
export function hostPath(path: string): string {
  const whole = resolve(path);
  return meansContents(path) ? `${join(whole, '/')}.` : meansDirectory(path) ? join(whole, '/') : whole;
}

export const host: HostSide = {
  told: (path) => path,

  async stat(path) {
    try {
      const { mode } = await lstat(path);
      const isLink = (mode & constants.S_IFMT) === constants.S_IFLNK;
      return found(mode, isLink ? await readlink(path) : null);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return null;
      throw badArgument('path', `Cannot copy '${path}': ${fileProblem(error, 'read')}`);
    }
  },

  take: (path, options) => files.pack(null, path, options),

  async put(folder, bytes, options) {
    await using target = await opened(folder);
    await files.unpack({ target: target.fd }, unpackOptions(options), bytes);
  },

  async takeTo({ socket, signal }, path, options) {
    return (await files.packTo(socket, null, path, options, signal)).bytes;
  },

  async putFrom({ socket, signal }, folder, options) {
    await using target = await opened(folder);
    return (await files.unpackFrom(socket, { target: target.fd }, unpackOptions(options), signal)).bytes;
  },
};

async function opened(folder: string): Promise<FileHandle> {
  try {
    await stat(folder);
  } catch (error) {
    throw badArgument('path', `Cannot copy into '${folder}': ${fileProblem(error, 'write')}`);
  }
  return await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
}

/** Only root can give files away. */
function unpackOptions({ keepOwner }: { readonly keepOwner: boolean }): UnpackOptions {
  return { folder: '.', owner: keepOwner && process.geteuid?.() === 0 ? 'archive' : 'maker' };
}
