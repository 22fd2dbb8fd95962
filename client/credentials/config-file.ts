import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { asError, LikerError } from '../../common/errors.ts';
import { byName, check, fields, type Of } from '../../common/schema.ts';

const text = v.optional(v.string(), '');

const entrySchema = fields({
  /** USER:PASSWORD in base64. */
  auth: text,
  username: text,
  password: text,
  identitytoken: text,
  registrytoken: text,
});

const fileSchema = fields({
  auths: byName(v.looseObject({})),
  credsStore: text,
  credHelpers: byName(v.string()),
});

export interface Entry extends Of<typeof entrySchema> {}

/** Docker's config.json, or podman's auth.json. */
export interface ConfigFile {
  readonly path: string;
  readonly auths: ReadonlyMap<string, Entry>;
  /** The helper for all registries; empty: none. */
  readonly credsStore: string;
  readonly credHelpers: ReadonlyMap<string, string>;
  /** Everything that the file says. */
  readonly all: Readonly<Record<string, unknown>>;
}

/** Where Docker looks. */
export function dockerFile(env: NodeJS.ProcessEnv): string {
  return join(env['DOCKER_CONFIG'] || join(env['HOME'] || homedir(), '.docker'), 'config.json');
}

/** Where podman looks, in its order. */
export function podmanFiles(env: NodeJS.ProcessEnv): readonly string[] {
  const given = env['REGISTRY_AUTH_FILE'];
  if (given) return [given];
  const runtime = env['XDG_RUNTIME_DIR'];
  const config = env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config');
  return [...(runtime ? [join(runtime, 'containers/auth.json')] : []), join(config, 'containers/auth.json')];
}

/** Empty if there is no such file. Throws BAD_ARGUMENT for one that cannot be used. */
export function readConfigFile(path: string): ConfigFile {
  try {
    const all = contents(path);
    const { auths, credsStore, credHelpers } = check(fileSchema, all, '');
    const entries = Object.entries(auths).map(
      ([key, entry]) => [key, check(entrySchema, entry, `.auths.${key}`)] as const,
    );
    return {
      path,
      all,
      auths: new Map(entries),
      credsStore,
      credHelpers: new Map(Object.entries(credHelpers)),
    };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code ?? asError(error).message.replace(/^\./, '');
    throw new LikerError('BAD_ARGUMENT', `Cannot use the credentials in '${path}': ${why}`, { cause: error });
  }
}

function contents(path: string): Record<string, unknown> {
  let found: string;
  try {
    found = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return {};
    throw error;
  }
  // As Docker, which takes an empty file for one that says nothing.
  if (found.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(found);
  } catch {
    throw new Error('it is not JSON');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new Error('it is not a JSON object');
}

/** Replaces the entries of a file and keeps what else it says. Only its owner can read it. Throws BAD_ARGUMENT. */
export function writeAuths(file: ConfigFile, auths: Readonly<Record<string, unknown>>): void {
  try {
    const path = behindLinks(file.path);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const text = `${JSON.stringify({ ...file.all, auths }, null, '\t')}\n`;
    replace(path, text);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code ?? asError(error).message;
    throw new LikerError('BAD_ARGUMENT', `Cannot write the credentials to '${file.path}': ${why}`, {
      cause: error,
    });
  }
}

function behindLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function replace(path: string, text: string): void {
  const temporary = `${path}.${process.pid}`;
  const fd = openSync(temporary, 'wx', 0o600);
  try {
    chmodSync(temporary, 0o600);
    writeSync(fd, text);
    fsyncSync(fd);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}
