import { asError, LikerError } from '../../../common/errors.ts';
import { readInRoot } from '../../native/libliker.ts';
import type { UserFiles } from './resolve.ts';

/** An image cannot make the daemon read more than this. */
const capBytes = 1024 * 1024;

/**
 * The files of a root that is made of layers, the topmost first: of each path the first that is there. Links are
 * followed inside the layer only, and only regular files of at most 1 MiB are read; anything else is BAD_ROOTFS.
 */
export function containerFiles(rootDirs: readonly string[]): UserFiles {
  return {
    read(path) {
      for (const root of rootDirs) {
        const bytes = readFrom(root, path);
        if (bytes !== null) return bytes;
      }
      return null;
    },
  };
}

function readFrom(root: string, path: string): Buffer | null {
  try {
    return readInRoot(root, path, capBytes);
  } catch (error) {
    throw new LikerError(
      'BAD_ROOTFS',
      `Cannot read ${path} of the container in ${root}: ${asError(error).message}`,
      {
        cause: error,
        metadata: { path, root },
      },
    );
  }
}
