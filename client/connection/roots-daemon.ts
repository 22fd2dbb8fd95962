import { existsSync } from 'node:fs';
import { mayConnect, me, ownSocket } from './address.ts';

/** For an ordinary user whose own likerd does not listen at `socket`: that there is root's, and who may use it. Else empty. */
export function rootsDaemon(socket: string, env: NodeJS.ProcessEnv = process.env, caller = me()): string {
  const { uid, rootSocket } = caller;
  if (uid === 0 || socket !== ownSocket(env, uid) || !existsSync(rootSocket)) return '';
  const who = mayConnect(rootSocket)
    ? `LIKER_HOST=unix://${rootSocket} names it`
    : 'only root and members of its group may use it';
  return `; root's likerd is at unix://${rootSocket}: ${who}`;
}
