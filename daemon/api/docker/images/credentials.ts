import type { IncomingHttpHeaders } from 'node:http';
import * as v from 'valibot';
import type { Access, Credentials } from '../../../registry/api.ts';
import { text } from '../http/call.ts';

export const authBody = v.looseObject({
  username: text,
  password: text,
  identitytoken: text,
  registrytoken: text,
  serveraddress: text,
  auth: text,
});

/** What a client sends along for one call. As in Docker, what cannot be read counts as none. */
export function accessOf(headers: IncomingHttpHeaders): Access {
  const header = headers['x-registry-auth'];
  const found = typeof header === 'string' ? decode(header) : null;
  return { credentials: found && credentialsOf(found), insecure: false };
}

function decode(header: string): v.InferOutput<typeof authBody> | null {
  try {
    const result = v.safeParse(authBody, JSON.parse(Buffer.from(header, 'base64').toString()));
    return result.success ? result.output : null;
  } catch {
    return null;
  }
}

/** Null: there are none in it. */
export function credentialsOf(given: v.InferOutput<typeof authBody>): Credentials | null {
  const { username, password, identitytoken: identityToken, registrytoken: registryToken } = given;
  if (username === '' && identityToken === '' && registryToken === '') return null;
  return { username, password, identityToken, registryToken };
}
