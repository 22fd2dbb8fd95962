import { wantedBy } from './auth/authorization.ts';
import { parseChallenges } from './auth/challenge.ts';
import type { Call } from './call.ts';

/**
 * Logs in: asks for the root of the protocol, with the credentials if they are wanted. Returns the identity token to keep in place of the
 * password; empty: none is given.
 */
export async function checkCredentials(call: Call, registry: string, signal: AbortSignal): Promise<string> {
  const tried = `log in to '${registry}'`;
  const question = { method: 'GET', at: '/', scope: '', tried } as const;
  const host = await call.registryItself();
  const { response, status } = await call.ask(host, { ...question, accept: [200, 401] }, signal);
  response.resume();
  if (status === 200) return '';
  const wanted = wantedBy(parseChallenges(response.headers['www-authenticate'] ?? ''), '');
  const token = wanted && (await call.token(host, wanted, { lasting: true, tried }, signal));
  const { response: last } = await call.ask(host, { ...question, accept: [200] }, signal);
  last.resume();
  return token?.refreshToken ?? '';
}
