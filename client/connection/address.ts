import { accessSync, constants, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { badArgument } from '../../common/errors.ts';
import { userFolders } from '../../common/user-folders.ts';

/** The host of root's likerd. */
export const defaultHost = 'unix:///run/liker/liker.sock';

/** Who asks, and what the default is for him. */
export interface Caller {
  readonly uid: number;
  /** Path of the socket of root's likerd. */
  readonly rootSocket: string;
}

/** The process itself. */
export const me = (): Caller => ({ uid: process.getuid?.() ?? 0, rootSocket: socketPath(defaultHost) });

/**
 * The host from the environment: LIKER_HOST, or the socket of a likerd that was started with this LIKER_RUN, or the default: root's
 * likerd; for an ordinary user his own, unless that was never started and he may use root's.
 */
export function hostFrom(env: NodeJS.ProcessEnv, caller: Caller = me()): string {
  if (env['LIKER_HOST']) return env['LIKER_HOST'];
  if (env['LIKER_RUN']) return `unix:${join(env['LIKER_RUN'], 'liker.sock')}`;
  if (caller.uid === 0) return defaultHost;
  const own = ownSocket(env, caller.uid);
  return !existsSync(own) && mayConnect(caller.rootSocket) ? `unix://${caller.rootSocket}` : `unix://${own}`;
}

/** Where an ordinary user's likerd listens. */
export function ownSocket(env: NodeJS.ProcessEnv, uid: number): string {
  return join(userFolders(env, uid).run, 'liker.sock');
}

/** Whether the socket is there and the process may connect to it. */
export function mayConnect(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The absolute path of the socket in `host`: unix://PATH, unix:PATH or a bare path. */
export function socketPath(host: string): string {
  const path = /^unix:(\/\/)?(.+)$/s.exec(host)?.[2] ?? (/^[/.]/.test(host) ? host : undefined);
  if (path === undefined) {
    throw badArgument('host', `Cannot use the host '${host}': give a Unix socket as unix:///PATH`);
  }
  const absolute = resolve(path);
  if (Buffer.byteLength(absolute) > 107) {
    throw badArgument('host', `Cannot use the socket '${absolute}': its path is longer than 107 bytes`);
  }
  return absolute;
}
