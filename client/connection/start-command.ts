import { existsSync } from 'node:fs';
import { defaultHost, socketPath } from './address.ts';

const unit = 'likerd.socket';

/** Where systemd runs and has the package's unit, it starts the machine's own daemon: what does. */
export function serviceStart(): readonly string[] | undefined {
  const isThere = existsSync('/run/systemd/system') && existsSync(`/usr/lib/systemd/system/${unit}`);
  return isThere ? ['systemctl', 'start', unit] : undefined;
}

/** What starts a daemon that listens at this socket, as a person would type it. */
export function startCommand(socket: string): string {
  const service = socket === socketPath(defaultHost) ? serviceStart() : undefined;
  if (service !== undefined) return service.join(' ');
  return process.argv[1]?.startsWith('/usr/lib/liker/') ? 'likerd' : 'npm start';
}
