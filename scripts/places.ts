import { join } from 'node:path';
import { hostFrom, socketPath } from '../client/connection/address.ts';

/** The folders and the socket of a daemon. */
export interface Places {
  readonly root: string;
  readonly run: string;
  readonly socket: string;
  readonly log: string;
  /** None was set: these are the defaults of the machine. */
  readonly isOwn: boolean;
}

/**
 * From the variables that likerd and likerctl read too: LIKER_ROOT, LIKER_RUN, LIKER_HOST. Throws BAD_ARGUMENT if
 * LIKER_HOST is not a Unix socket, where no daemon can be started.
 */
export function places(env: NodeJS.ProcessEnv): Places {
  const root = env['LIKER_ROOT'] || '/var/lib/liker';
  const run = env['LIKER_RUN'] || '/run/liker';
  const socket = socketPath(hostFrom(env));
  const log = env['LIKER_ROOT'] ? join(root, 'likerd.log') : '/var/log/liker.log';
  const isOwn = !env['LIKER_ROOT'] && !env['LIKER_RUN'] && !env['LIKER_HOST'];
  return { root, run, socket, log, isOwn };
}
