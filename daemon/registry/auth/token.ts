import type { Credentials } from '../api.ts';
import type { Headers } from '../http/exchange.ts';

/** A request for a token: https://distribution.github.io/distribution/spec/auth/token, and its OAuth2 form. */
export interface TokenRequest {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Headers;
  readonly body: Buffer | null;
}

export interface Token {
  /** What is sent to the registry. */
  readonly token: string;
  /** What takes the place of the password; empty: none. */
  readonly refreshToken: string;
}

const client = 'likerd';

export interface Wanted {
  readonly realm: URL;
  readonly service: string;
  readonly scopes: readonly string[];
}

/**
 * How to ask for a token: with an identity token by POST, with a password or nothing by GET. `lasting`: also ask for a token that takes the
 * place of the password.
 */
export function tokenRequest(
  { realm, service, scopes }: Wanted,
  credentials: Credentials | null,
  lasting = false,
): TokenRequest {
  if (credentials !== null && credentials.identityToken !== '') {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: credentials.identityToken,
      client_id: client,
      ...(service !== '' && { service }),
      ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    });
    const body = Buffer.from(form.toString());
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(body.length),
    };
    return { url: realm, method: 'POST', headers, body };
  }
  const url = new URL(realm);
  if (service !== '') url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  if (lasting) {
    url.searchParams.set('offline_token', 'true');
    url.searchParams.set('client_id', client);
  }
  const hasPassword = credentials !== null && credentials.username !== '';
  if (hasPassword) url.searchParams.set('account', credentials.username);
  return {
    url,
    method: 'GET',
    headers: hasPassword ? { authorization: basic(credentials) } : {},
    body: null,
  };
}

/** Null: the answer has no token. */
export function readToken(body: Buffer): Token | null {
  try {
    const answer = JSON.parse(body.toString('utf8')) as Readonly<Record<string, unknown>>;
    const token = [answer['token'], answer['access_token']].find(isText);
    const refresh = answer['refresh_token'];
    return token === undefined ? null : { token, refreshToken: isText(refresh) ? refresh : '' };
  } catch {
    return null;
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value);
}

/** The header of basic authentication (RFC 7617). */
export function basic({ username, password }: Pick<Credentials, 'username' | 'password'>): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
