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

/** Only root may access what likerd creates: its records contain the environments of containers. */
export const umask = 0o077;

/** What earlier versions left open to others below --root and --run. Layers of containers are inside `containers` and stay as they are. */
const ownFiles = /^(liker\.db.*|likerd\.pid|likerd\.lock|boot-id)$/;
const ownFolders = /^(containers|spare|trash|set-aside|c|root)$/;
/** The mode with which earlier versions created the root folder. Any other mode is the administrator's choice. */
const formerRootMode = 0o711;
const othersBits = 0o077;

/** Makes likerd's own files in a claimed folder accessible to root only. */
export function closeToOthers(folder: string, log: Log): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (!found || (found.mode & othersBits) === 0) continue;
    if (found.isDirectory() && ownFolders.test(name)) chmodSync(path, 0o700);
    else if (found.isFile() && ownFiles.test(name)) {
      // Others may still have the file open; they keep the old one.
      if (/^liker\.db(-wal)?$/.test(name)) replaceByCopy(path, log);
      chmodSync(path, 0o600);
    }
  }
}

/** Makes a root folder of an earlier version accessible to root only, unless the socket is in it. */
export function closeRoot(root: string, socket: string): void {
  const { mode, uid } = lstatSync(root);
  if ((mode & 0o7777) === formerRootMode && uid === 0) chmodSync(root, rootMode(root, socket));
}

/** The socket's group must be able to reach it. */
export function rootMode(root: string, socket: string): number {
  return socket.startsWith(`${root}/`) ? formerRootMode : 0o700;
}

/**
 * Replaces the file by a copy, which is free of the locks that others hold or take on the old one. Nobody writes to the file
 * meanwhile, since the folder is claimed.
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
    log.warn('cannot replace a file that others may have open', {
      path,
      error: asError(error).message,
    });
  }
}
