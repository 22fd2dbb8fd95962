import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LikerError } from '../../../common/errors.ts';
import { ResolverConnection } from './resolver-connection.ts';

const repository = join(import.meta.dirname, '../../..');

/** It has nothing to do before it says that it is ready. */
const readyMs = 10_000;

/** Another likerd that was killed may have started one at the same time. */
const attempts = 5;

export function defaultProgram(): string {
  return process.env['LIKER_RESOLVER'] ?? join(repository, 'native/build/liker-resolver');
}

/** The resolver of this version: the one that runs, one that takes its place without a gap, or the first. */
export async function connectTo(
  socket: string,
  run: string,
  command: readonly string[],
  options: readonly string[],
): Promise<ResolverConnection> {
  const build = buildOf(command.at(-1) ?? '', options);
  for (let earlier = 0; earlier < attempts; earlier += 1) {
    const connection = await ResolverConnection.open(socket);
    const running = await connection?.hello().catch(() => '');
    if (connection && running === build) return connection;
    connection?.end();
    await start([...command, '--run', run, '--build', build, ...options]);
  }
  throw new LikerError('INTERNAL', `Cannot start the resolver of names at '${socket}': it does not answer`);
}

/** Programs of the same bytes with the same options are the same build. */
function buildOf(program: string, options: readonly string[]): string {
  return createHash('sha256')
    .update(readFileSync(program))
    .update(options.join('\0'))
    .digest('hex')
    .slice(0, 32);
}

/** Resolves when the program listens, or has ended because another one does. */
function start([program = '', ...args]: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'ignore'], env: {} });
    const timer = setTimeout(() => child.kill('SIGKILL'), readyMs);
    const done = (): void => {
      clearTimeout(timer);
      child.stdout.destroy();
      child.unref();
      resolve();
    };
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(
        new LikerError('INTERNAL', `Cannot start the resolver of names '${program}': ${error.message}`, {
          cause: error,
        }),
      );
    });
    // It closes its output when it is ready, and at its end.
    child.stdout.resume().once('close', done);
  });
}
