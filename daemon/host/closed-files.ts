import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { asError } from '../../common/errors.ts';
import type { Log } from './log.ts';

/** Whatever a daemon creates without a mode is for root alone: its records hold containers' environments. */
export const umask = 0o077;

/** What earlier versions left open below --root and --run. A container's layers are behind `containers`, and stay as they are. */
const ownFiles = /^(liker\.db.*|likerd\.pid|likerd\.lock|boot-id)$/;
const ownFolders = /^(containers|spare|trash|set-aside|c|root)$/;
/** The mode with which earlier versions made the root folder. Any other was chosen by the administrator. */
const formerRootMode = 0o711;
const othersBits = 0o077;

/** Closes likerd's own files in a folder that it has claimed. */
export function closeToOthers(folder: string, log: Log): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found || (found.mode & othersBits) === 0) continue;
    if (found.isDirectory() && ownFolders.test(name)) chmodSync(path, 0o700);
    else if (found.isFile() && ownFiles.test(name)) {
      // Others may have the file open still: they keep the old one.
      if (/^liker\.db(-wal)?$/.test(name)) replaceByCopy(path, log);
      chmodSync(path, 0o600);
    }
  }
}

/** Closes a root folder that an earlier version has made, unless the socket is in it. */
export function closeRoot(root: string, socket: string): void {
  const { mode, uid } = lstatSync(root);
  if ((mode & 0o7777) === formerRootMode && uid === 0) chmodSync(root, rootMode(root, socket));
}

/** The socket's group must be able to reach it. */
export function rootMode(root: string, socket: string): number {
  return socket.startsWith(`${root}/`) ? formerRootMode : 0o700;
}

/**
 * Locks that others hold on the file, or take on what they have open, are not on the copy. Nobody writes to
 * it meanwhile: the folder is claimed.
 */
function replaceByCopy(path: string, log: Log): void {
  const copy = `${path}.closed`;
  try {
    copyFileSync(path, copy, constants.COPYFILE_FICLONE);
    const fd = openSync(copy, 'r');
    fsyncSync(fd);
    closeSync(fd);
    renameSync(copy, path);
  } catch (error) {
    rmSync(copy, { force: true });
    log.warn('a file that others may have open stays the same', { path, error: asError(error).message });
  }
}
