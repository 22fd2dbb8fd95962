import { lstatSync, type Stats, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { own } from './own.ts';

/** Where an ordinary user's likerd keeps its things. */
export interface UserFolders {
  /** For --root. */
  readonly data: string;
  /** For --run. */
  readonly run: string;
  /** For settings. */
  readonly config: string;
}

/**
 * By the XDG Base Directory Specification, which ignores relative paths, and a runtime folder of another user, such as su leaves in the
 * environment. Where pam_systemd has not set XDG_RUNTIME_DIR (su -, cron), its folder may be there all the same; without it, the run
 * folder is in the data. native/src/rootless/folders.c does likewise, for likerd.
 */
export function userFolders(env: NodeJS.ProcessEnv, uid: number): UserFolders {
  const given = (name: string): string | null => {
    const value = own(env, name);
    return value?.startsWith('/') ? value : null;
  };
  const home = given('HOME') ?? homedir();
  const data = join(given('XDG_DATA_HOME') ?? join(home, '.local/share'), 'liker');
  const config = join(given('XDG_CONFIG_HOME') ?? join(home, '.config'), 'liker');
  const usual = `/run/user/${uid}`;
  const set = given('XDG_RUNTIME_DIR');
  const usable = set !== null && !isOfOther(set, uid) ? set : null;
  const runtime = usable ?? (isOwnFolder(usual, uid) ? usual : null);
  return { data, config, run: join(runtime ?? data, runtime === null ? 'run' : 'liker') };
}

function isOwnFolder(path: string, uid: number): boolean {
  const found = statusOf(path, lstatSync);
  return found?.isDirectory() === true && found.uid === uid;
}

function isOfOther(path: string, uid: number): boolean {
  const found = statusOf(path, statSync);
  return found !== null && found.uid !== uid;
}

function statusOf(path: string, look: (path: string) => Stats): Stats | null {
  try {
    return look(path);
  } catch {
    return null;
  }
}
