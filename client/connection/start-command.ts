import { existsSync } from 'node:fs';
import { defaultHost, socketPath } from './address.ts';

const unit = 'likerd.socket';

/** The command that starts the system's own daemon; undefined without systemd or without the package's unit. */
export function serviceStart(): readonly string[] | undefined {
  const isThere = existsSync('/run/systemd/system') && existsSync(`/usr/lib/systemd/system/${unit}`);
  return isThere ? ['systemctl', 'start', unit] : undefined;
}

/** The command that a user would type to start a daemon on this socket. */
export function startCommand(socket: string): string {
  const service = socket === socketPath(defaultHost) ? serviceStart() : undefined;
  if (service !== undefined) return service.join(' ');
  return process.argv[1]?.startsWith('/usr/lib/liker/') ? 'likerd' : 'npm start';
}
