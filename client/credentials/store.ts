import type { ConfigFile } from './config-file.ts';
import { dockerFile, readConfigFile, writeAuths } from './config-file.ts';
import { type Credentials, helperFor, tokenUser } from './find.ts';
import { helperErase, helperStore } from './helper.ts';
import { registryOf, serverKey } from './server-key.ts';

/** Stores credentials where Docker would. Returns the file that has them unencrypted; null: a helper keeps them. */
export async function storeCredentials(
  registry: string,
  { username, password, identityToken }: Credentials,
  env: NodeJS.ProcessEnv,
): Promise<string | null> {
  const file = readConfigFile(dockerFile(env));
  const helper = helperFor(file, registry);
  const key = serverKey(registry);
  if (helper !== null) {
    const secret =
      identityToken === '' ? { username, secret: password } : { username: tokenUser, secret: identityToken };
    await helperStore(helper, key, secret);
    // Docker leaves a mark for the registries that a helper has.
    writeAuths(file, { ...authsOf(file), [key]: {} });
    return null;
  }
  const auth = Buffer.from(`${username}:${identityToken === '' ? password : ''}`).toString('base64');
  const entry = { auth, ...(identityToken !== '' && { identitytoken: identityToken }) };
  writeAuths(file, { ...authsOf(file), [key]: entry });
  return file.path;
}

/** Removes the credentials of a registry from Docker's file and its helper. False: there were none. */
export async function eraseCredentials(registry: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const file = readConfigFile(dockerFile(env));
  const helper = helperFor(file, registry);
  const rest = Object.entries(authsOf(file)).filter(([key]) => registryOf(key) !== registry);
  const hadEntry = rest.length < file.auths.size;
  if (hadEntry) writeAuths(file, Object.fromEntries(rest));
  if (helper === null) return hadEntry;
  await helperErase(helper, serverKey(registry));
  return true;
}

function authsOf({ all }: ConfigFile): Readonly<Record<string, unknown>> {
  return { ...(all['auths'] as object | undefined) };
}
