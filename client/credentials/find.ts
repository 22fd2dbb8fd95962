import { LikerError } from '../../common/errors.ts';
import type { ImageName } from '../../common/image-name.ts';
import { type ConfigFile, dockerFile, type Entry, podmanFiles, readConfigFile } from './config-file.ts';
import { type Helper, helperGet } from './helper.ts';
import { registryOf, serverKey } from './server-key.ts';

/** Credentials for one registry, in one of three ways; empty texts for the others. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** Exchanged for other tokens. */
  readonly identityToken: string;
  /** Sent as it is. */
  readonly registryToken: string;
}

/** A user name that says that the secret is an identity token. */
export const tokenUser = '<token>';

/**
 * The user's credentials for the registry of a name; null: none. Docker's file comes first, then podman's, which may have some for a
 * part of a registry. Throws BAD_ARGUMENT for a file or a helper that cannot be used.
 */
export async function findCredentials(
  { host, path }: Pick<ImageName, 'host' | 'path'>,
  env: NodeJS.ProcessEnv,
): Promise<Credentials | null> {
  const found = await credentialsIn(readConfigFile(dockerFile(env)), host, [host]);
  if (found !== null) return found;
  const parts = path.split('/');
  const scopes = parts.map((_, index) => [host, ...parts.slice(0, parts.length - index)].join('/'));
  for (const file of podmanFiles(env)) {
    const more = await credentialsIn(readConfigFile(file), host, [...scopes, host]);
    if (more !== null) return more;
  }
  return null;
}

/** `keys`: names of entries, the first is preferred. */
async function credentialsIn(
  file: ConfigFile,
  registry: string,
  keys: readonly string[],
): Promise<Credentials | null> {
  const helper = helperFor(file, registry);
  if (helper !== null) {
    const secret = await helperGet(helper, serverKey(registry));
    if (secret !== null) return fromSecret(secret);
  }
  const entry = entryFor(file, registry, keys);
  return entry && fromEntry(file, registry, entry);
}

/** The program that keeps the credentials of a registry; null: the file does. */
export function helperFor({ credHelpers, credsStore }: ConfigFile, registry: string): Helper | null {
  const name = credHelpers.get(serverKey(registry)) ?? credHelpers.get(registry) ?? credsStore;
  return name === '' ? null : { name };
}

/** Entries have been written under several names: HOST, https://HOST, https://HOST/v1/. */
function entryFor({ auths }: ConfigFile, registry: string, keys: readonly string[]): Entry | null {
  for (const key of [...keys, serverKey(registry)]) {
    const entry = auths.get(key);
    if (entry !== undefined) return entry;
  }
  const isWhole = (key: string): boolean => /^https?:\/\//.test(key) || !key.includes('/');
  const other = [...auths].find(([key]) => isWhole(key) && registryOf(key) === registry);
  return other?.[1] ?? null;
}

function fromSecret({
  username,
  secret,
}: {
  readonly username: string;
  readonly secret: string;
}): Credentials {
  return username === tokenUser
    ? { username: '', password: '', identityToken: secret, registryToken: '' }
    : { username, password: secret, identityToken: '', registryToken: '' };
}

function fromEntry({ path }: ConfigFile, registry: string, entry: Entry): Credentials | null {
  const { auth, identitytoken: identityToken, registrytoken: registryToken } = entry;
  const decoded = Buffer.from(auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = decoded.indexOf(':');
  if (auth !== '' && colon === -1) {
    const why = `the auth of '${registry}' is not USER:PASSWORD in base64; repair it with 'likerctl login ${registry}'`;
    throw new LikerError('BAD_ARGUMENT', `Cannot use the credentials in '${path}': ${why}`);
  }
  const username = auth === '' ? entry.username : decoded.slice(0, colon);
  const password = auth === '' ? entry.password : decoded.slice(colon + 1);
  if (identityToken !== '') return { username: '', password: '', identityToken, registryToken: '' };
  if (registryToken !== '') return { username: '', password: '', identityToken: '', registryToken };
  return username === '' ? null : { username, password, identityToken: '', registryToken: '' };
}
