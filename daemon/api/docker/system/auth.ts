import type { Door } from '../door.ts';
import { type Answer, json } from '../http/answer.ts';
import { bodyOf, type Call } from '../http/call.ts';
import { HttpError, hasReason } from '../http/errors.ts';
import { authBody, credentialsOf } from '../images/credentials.ts';

/** Checks credentials with their registry. */
export async function auth({ engine }: Door, call: Call): Promise<Answer> {
  const body = await bodyOf(call, authBody);
  const host = hostOf(body.serveraddress);
  try {
    const access = { credentials: credentialsOf(body), insecure: false };
    const token = await engine.registries.checkCredentials(host, access, call.signal);
    return json({ Status: 'Login Succeeded', IdentityToken: token });
  } catch (error) {
    if (!hasReason(error, 'REGISTRY_DENIED')) throw error;
    throw new HttpError(401, (error as Error).message);
  }
}

/** Of a URL or a host. Docker's own hub goes by an old URL. */
function hostOf(address: string): string {
  const host = address.replace(/^https?:\/\//, '').split('/')[0] ?? '';
  return ['', 'index.docker.io', 'registry-1.docker.io'].includes(host) ? 'docker.io' : host;
}
