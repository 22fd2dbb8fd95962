import { join } from 'node:path';
import { hostFrom, socketPath } from '../client/connection/address.ts';

/** Where a daemon keeps its things. */
export interface Places {
  readonly root: string;
  readonly run: string;
  readonly socket: string;
  readonly log: string;
  /** None was named: they are the machine's own. */
  readonly isOwn: boolean;
}

/**
 * From the variables that likerd and likerctl heed too: LIKER_ROOT, LIKER_RUN, LIKER_HOST. Throws BAD_ARGUMENT when
 * LIKER_HOST names no Unix socket: no daemon can be started there.
 */
export function places(env: NodeJS.ProcessEnv): Places {
  const root = env['LIKER_ROOT'] || '/var/lib/liker';
  const run = env['LIKER_RUN'] || '/run/liker';
  const socket = socketPath(hostFrom(env));
  const log = env['LIKER_ROOT'] ? join(root, 'likerd.log') : '/var/log/liker.log';
  const isOwn = !env['LIKER_ROOT'] && !env['LIKER_RUN'] && !env['LIKER_HOST'];
  return { root, run, socket, log, isOwn };
}
