import type { Credentials } from '../api.ts';
import type { Host } from '../hosts/host.ts';
import type { Headers } from '../http/exchange.ts';
import type { Challenge } from './challenge.ts';
import { basic, type Wanted } from './token.ts';

export interface Demand {
  readonly scope: string;
  readonly challenges: readonly Challenge[];
  /** What the host was shown, and did not like. */
  readonly shown: Headers;
  /** Asks a token server. */
  readonly fetch: (wanted: Wanted) => Promise<string>;
}

/** What is shown to the hosts of one call. Each token is for one host and one scope. */
export class Authorization {
  readonly #credentials: Credentials | null;
  readonly #tokens = new Map<string, string>();
  /** Hosts that want basic authentication. */
  readonly #basic = new Set<Host>();

  constructor(credentials: Credentials | null) {
    this.#credentials = credentials;
  }

  /** What is known to be wanted for a scope. */
  headers(host: Host, scope: string): Headers {
    const credentials = this.#for(host);
    if (credentials !== null && credentials.registryToken !== '') {
      return { authorization: `Bearer ${credentials.registryToken}` };
    }
    const token = this.#tokens.get(keyOf(host, scope));
    if (token !== undefined) return { authorization: `Bearer ${token}` };
    return credentials !== null && this.#basic.has(host) ? { authorization: basic(credentials) } : {};
  }

  /** Obtains what a host wants to see. False: there is nothing else to show. Rejects as `fetch` does. */
  async obtain(host: Host, { scope, challenges, shown, fetch }: Demand): Promise<boolean> {
    // Another request may have obtained it in the meantime.
    if (this.headers(host, scope)['authorization'] !== shown['authorization']) return true;
    const credentials = this.#for(host);
    if (credentials !== null && credentials.registryToken !== '') return false;
    const wanted = wantedBy(challenges, scope);
    if (wanted !== null) {
      this.#tokens.set(keyOf(host, scope), await fetch(wanted));
      return true;
    }
    const hasPassword = credentials !== null && credentials.username !== '';
    const wantsBasic = challenges.some(({ scheme }) => scheme === 'basic');
    if (!wantsBasic || !hasPassword || this.#basic.has(host)) return false;
    this.#basic.add(host);
    return true;
  }

  /** Mirrors belong to others. */
  #for(host: Host): Credentials | null {
    return host.isOwn ? this.#credentials : null;
  }
}

/** The token that challenges want; null: they want none. */
export function wantedBy(challenges: readonly Challenge[], scope: string): Wanted | null {
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer')?.parameters;
  const realm = URL.parse(bearer?.get('realm') ?? '');
  if (bearer === undefined || realm === null) return null;
  const scopes = `${bearer.get('scope') ?? ''} ${scope}`.split(' ').filter((one) => one !== '');
  return { realm, service: bearer.get('service') ?? '', scopes: [...new Set(scopes)] };
}

function keyOf({ base }: Host, scope: string): string {
  return `${base} ${scope}`;
}
