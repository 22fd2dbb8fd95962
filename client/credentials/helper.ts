import { spawn } from 'node:child_process';
import { LikerError } from '../../common/errors.ts';

/** A helper that asks its user for something must not hang a pull. */
const limitMs = 10_000;
const longestAnswer = 1024 * 1024;

/** What all helpers say of a registry that they do not know. */
const unknown = 'credentials not found in native keychain';

/** A program docker-credential-NAME: https://github.com/docker/docker-credential-helpers */
export interface Helper {
  readonly name: string;
  readonly limitMs?: number;
}

export interface Secret {
  readonly username: string;
  readonly secret: string;
}

/** Null: the helper has nothing for this server. Throws BAD_ARGUMENT. */
export async function helperGet(helper: Helper, server: string): Promise<Secret | null> {
  const { code, output } = await execute(helper, 'get', server);
  if (code !== 0 && output.trim() === unknown) return null;
  if (code !== 0) throw failed(helper, 'get', output.trim() || `it exits with ${code}`);
  try {
    const { Username, Secret } = JSON.parse(output) as Readonly<Record<string, unknown>>;
    if (typeof Username === 'string' && typeof Secret === 'string')
      return { username: Username, secret: Secret };
  } catch {
    // As an answer without these fields.
  }
  throw failed(helper, 'get', 'its answer is not JSON with Username and Secret');
}

export async function helperStore(
  helper: Helper,
  server: string,
  { username, secret }: Secret,
): Promise<void> {
  const input = JSON.stringify({ ServerURL: server, Username: username, Secret: secret });
  const { code, output } = await execute(helper, 'store', input);
  if (code !== 0) throw failed(helper, 'store', output.trim() || `it exits with ${code}`);
}

export async function helperErase(helper: Helper, server: string): Promise<void> {
  const { code, output } = await execute(helper, 'erase', server);
  if (code !== 0 && output.trim() !== unknown)
    throw failed(helper, 'erase', output.trim() || `it exits with ${code}`);
}

type Verb = 'get' | 'store' | 'erase';

async function execute(
  helper: Helper,
  verb: Verb,
  input: string,
): Promise<{ readonly code: number | null; readonly output: string }> {
  if (!/^[\w.-]+$/.test(helper.name)) throw failed(helper, verb, 'a helper has a name without slashes');
  const ms = helper.limitMs ?? limitMs;
  const child = spawn(programOf(helper), [verb], { stdio: ['pipe', 'pipe', 'ignore'] });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  const giveUp = (why: string): void => {
    reject(failed(helper, verb, why));
    child.kill('SIGKILL');
    // A child of the helper may have its output.
    child.stdout.destroy();
  };
  const timer = setTimeout(() => giveUp(`it does not end within ${ms / 1000} seconds`), ms);
  let output = '';
  child.on('error', (error: NodeJS.ErrnoException) => {
    const missing = `there is no such program; install it, or remove it from credsStore and credHelpers in Docker's config.json`;
    reject(failed(helper, verb, error.code === 'ENOENT' ? missing : `${error.code}`));
  });
  child.on('close', resolve);
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
    if (output.length > longestAnswer) giveUp('its answer has no end');
  });
  // A helper need not read.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  try {
    return { code: await promise, output };
  } finally {
    clearTimeout(timer);
  }
}

function programOf({ name }: Helper): string {
  return `docker-credential-${name}`;
}

function failed(helper: Helper, verb: Verb, why: string): LikerError {
  return new LikerError('BAD_ARGUMENT', `Cannot ${verb} credentials with '${programOf(helper)}': ${why}`);
}
