import { existsSync } from 'node:fs';
import { defaultHost, me, ownSocket, socketPath } from './address.ts';

/** A unit of systemd that starts likerd. */
interface Service {
  readonly unit: string;
  /** It exists while that service manager runs. */
  readonly manager: string;
  readonly command: readonly string[];
}

const system: Service = {
  unit: '/usr/lib/systemd/system/likerd.socket',
  manager: '/run/systemd/system',
  command: ['systemctl', 'start', 'likerd.socket'],
};

const ofUser = (runtime: string): Service => ({
  unit: '/usr/lib/systemd/user/likerd.service',
  manager: `${runtime}/systemd/private`,
  command: ['systemctl', '--user', 'start', 'likerd'],
});

/** The command that starts the caller's own daemon at its usual place; undefined without systemd or without the package's unit. */
export function serviceStart(env = process.env, { uid } = me()): readonly string[] | undefined {
  const { unit, manager, command } = uid === 0 ? system : ofUser(env['XDG_RUNTIME_DIR'] || '/nowhere');
  return existsSync(manager) && existsSync(unit) ? command : undefined;
}

/** The command that a user would type to start a daemon on this socket. */
export function startCommand(socket: string): string {
  const { uid } = me();
  const usual = uid === 0 ? socketPath(defaultHost) : ownSocket(process.env, uid);
  const service = socket === usual ? serviceStart() : undefined;
  if (service !== undefined) return service.join(' ');
  return import.meta.dirname.startsWith('/usr/lib/liker/') ? 'likerd' : 'npm start';
}
