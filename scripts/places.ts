import { join } from 'node:path';
import { hostFrom, ownSocket, socketPath } from '../client/connection/address.ts';
import { userFolders } from '../common/user-folders.ts';

/** The folders and the socket of a daemon. */
export interface Places {
  readonly root: string;
  readonly run: string;
  readonly socket: string;
  readonly log: string;
  /** None was set: these are the defaults of the machine, or of the user. */
  readonly isOwn: boolean;
}

/**
 * From the variables that likerd and likerctl read too: LIKER_ROOT, LIKER_RUN, LIKER_HOST; by default root's places, or those of
 * the ordinary user with this uid. Throws BAD_ARGUMENT if LIKER_HOST is not a Unix socket, where no daemon can be started.
 */
export function places(env: NodeJS.ProcessEnv, uid = process.getuid?.() ?? 0): Places {
  const isUser = uid !== 0;
  const own = isUser ? userFolders(env, uid) : { data: '/var/lib/liker', run: '/run/liker' };
  const root = env['LIKER_ROOT'] || own.data;
  const run = env['LIKER_RUN'] || own.run;
  const isSet = env['LIKER_RUN'] || env['LIKER_HOST'];
  // Never root's likerd, even if the user may use it.
  const socket = isUser && !isSet ? ownSocket(env, uid) : socketPath(hostFrom(env));
  const log = env['LIKER_ROOT'] || isUser ? join(root, 'likerd.log') : '/var/log/liker.log';
  const isOwn = !env['LIKER_ROOT'] && !isSet;
  return { root, run, socket, log, isOwn };
}
