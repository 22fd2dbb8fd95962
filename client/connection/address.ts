import { join, resolve } from 'node:path';
import { badArgument } from '../../common/errors.ts';

export const defaultHost = 'unix:///run/liker/liker.sock';

/** The host from the environment: LIKER_HOST, or the socket of a likerd that was started with this LIKER_RUN, or the default. */
export function hostFrom(env: NodeJS.ProcessEnv): string {
  return (
    env['LIKER_HOST'] || (env['LIKER_RUN'] ? `unix:${join(env['LIKER_RUN'], 'liker.sock')}` : defaultHost)
  );
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
