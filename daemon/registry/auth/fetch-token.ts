import { LikerError } from '../../../common/errors.ts';
import type { Credentials } from '../api.ts';
import { type Host, isLoopback, type TlsSettings } from '../hosts/host.ts';
import type { Agents } from '../http/agents.ts';
import { readBody } from '../http/exchange.ts';
import { send } from '../http/redirects.ts';
import { type Deed, refused } from '../problems.ts';
import { readToken, type Token, tokenRequest, type Wanted } from './token.ts';

const longest = 1024 * 1024;

export interface TokenOptions {
  readonly agents: Agents;
  readonly stallMs: number;
  readonly host: Host;
  /** Where the host answers. */
  readonly base: URL;
  readonly insecure: boolean;
  readonly credentials: Credentials | null;
  /** Also ask for a token that takes the place of the password. */
  readonly lasting: boolean;
  readonly deed: Deed;
}

/** Asks the realm of a challenge for a token. Throws REGISTRY_DENIED, REGISTRY_LIMIT, or an Error for no usable answer. */
export async function fetchToken(options: TokenOptions, wanted: Wanted, signal: AbortSignal): Promise<Token> {
  const { agents, stallMs, base, credentials, lasting, deed } = options;
  const { url, method, headers, body } = tokenRequest(wanted, credentials, lasting);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && base.protocol === 'http:')) {
    const why = `it wants the credentials at '${url.origin}', which is not encrypted`;
    throw new LikerError('REGISTRY_DENIED', `Cannot ${deed.tried}: ${base.host}: ${why}`);
  }
  const request = {
    method,
    headers: {},
    ownHeaders: headers,
    tls: realmTls(options, url),
    stallMs,
    answerMs: stallMs,
    ...(body !== null && { body }),
  };
  const { response, status, url: from } = await send(agents, url, request, signal);
  const { bytes } = await readBody(response, longest, stallMs);
  if (status !== 200) {
    // OAuth2 answers 400 to a token that is no longer valid.
    const meant = status === 400 ? 401 : status;
    throw refused(deed, { host: from.host, status: meant, headers: response.headers, body: bytes });
  }
  const token = readToken(bytes);
  if (token === null) throw new Error(`${from.host} answers without a token`);
  return token;
}

/** A registry on this machine needs no certificate, but its token server elsewhere does. */
function realmTls({ host, base, insecure }: TokenOptions, realm: URL): TlsSettings {
  const isElsewhere = isLoopback(base.host) && !isLoopback(realm.host);
  const verify = host.tls.verify || (isElsewhere && !insecure);
  return { ...host.tls, verify, clients: realm.origin === base.origin ? host.tls.clients : [] };
}
