import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import { LikerError } from '../../common/errors.ts';
import type { Container } from '../../proto/gen/types/liker/v1/Container.ts';
import type { Command, Invocation } from '../cli/command.ts';
import { signalExitCode } from '../cli/exit-codes.ts';
import type { Connection } from '../connection/connection.ts';
import { containers } from '../connection/methods.ts';

export const unshare: Command = {
  name: 'unshare',
  usage: 'CONTAINER [COMMAND] [ARG...]',
  summary:
    "Run a program of this machine as root of a container's user namespace, so that files show the ids that the container sees. $LIKER_CONTAINER_ROOT is the container's root",
  example: `likerctl unshare web sh -c 'ls -l "$LIKER_CONTAINER_ROOT/var/log"'`,
  flags: [],
  operands: [1, Number.POSITIVE_INFINITY],
  stopsAtOperand: true,
  run: enterUserNamespace,
};

/** Where nsenter finds the namespace: the first descriptor after the standard streams. */
const namespaceFd = 3;

async function enterUserNamespace({ operands, context }: Invocation): Promise<number> {
  const [name = '', ...given] = operands;
  const command = given.length > 0 ? given : [process.env['SHELL'] || 'sh'];
  const connection = await context.connect();
  const { pid, id } = await findRunning(connection, name);
  const namespace = openNamespace(name, pid);
  try {
    // The pid could be another process's by now; what was opened before this answer could not.
    const now = await findRunning(connection, id);
    if (now.pid !== pid) throw refusal(name, 'it was started again meanwhile; try again');
    if (isOwn(namespace)) throw refusal(name, "it has the host's, in which files look as they do here");
    return await runIn(namespace, command, { ...process.env, LIKER_CONTAINER_ROOT: `/proc/${pid}/root/` });
  } finally {
    closeSync(namespace);
  }
}

async function findRunning(connection: Connection, name: string): Promise<Container> {
  const { container } = await connection.unary(containers.GetContainer, { container: name });
  if (container === null) throw new LikerError('INTERNAL', `likerd returned no container for '${name}'`);
  if (container.pid === 0)
    throw refusal(name, "it does not run; on the disk, its files have the container's own ids");
  return container;
}

function openNamespace(name: string, pid: number): number {
  const path = `/proc/${pid}/ns/user`;
  try {
    return openSync(path, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT'
        ? 'its process has ended'
        : `this needs the rights of likerd's user; run it as that, with sudo (${code})`;
    throw refusal(name, why);
  }
}

/** Without root, even a container that has the "host's" user namespace is in another: that of likerd. */
function isOwn(namespace: number): boolean {
  const [there, here] = [fstatSync(namespace), statSync('/proc/self/ns/user')];
  return there.ino === here.ino && there.dev === here.dev;
}

function runIn(namespace: number, command: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  // They are for the program, which is in the same terminal.
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) process.on(signal, () => {});
  const args = [`--user=/proc/self/fd/${namespaceFd}`, '--', ...command];
  const child = spawn('nsenter', args, { stdio: ['inherit', 'inherit', 'inherit', namespace], env });
  return new Promise((resolve, reject) => {
    child.on('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'ENOENT'
          ? new LikerError(
              'COMMAND_NOT_FOUND',
              'Cannot enter a user namespace: this machine has no nsenter; install util-linux',
            )
          : error,
      ),
    );
    child.on('exit', (code, signal) => resolve(code ?? signalExitCode(signal ?? 'SIGKILL')));
  });
}

function refusal(name: string, why: string): LikerError {
  return new LikerError('WRONG_STATE', `Cannot enter the user namespace of container '${name}': ${why}`, {
    metadata: { container: name },
  });
}
