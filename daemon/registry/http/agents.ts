import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createSecureContext } from 'node:tls';
import { isLoopback, type TlsSettings } from '../hosts/host.ts';

/** Idle connections are closed after this time. */
const idleMs = 30_000;

/** Where distributions keep the certificates of the authorities that they trust. */
const bundles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** Connections that are kept for the next request, apart for different settings of TLS, and through the proxies of the environment. */
export class Agents {
  readonly #env: NodeJS.ProcessEnv;
  readonly #agents = new Map<string, HttpAgent>();
  #authorities: readonly string[] | null = null;

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  for(url: URL, tls: TlsSettings): HttpAgent {
    // As in Go, no proxy is used for this machine.
    const isHere = isLoopback(url.host);
    const isTls = url.protocol === 'https:';
    const key = JSON.stringify([isHere, isTls && tls]);
    const agent = this.#agents.get(key) ?? this.#make(isHere, isTls ? tls : null);
    this.#agents.set(key, agent);
    return agent;
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  #make(isHere: boolean, tls: TlsSettings | null): HttpAgent {
    const options = { keepAlive: true, timeout: idleMs, ...(!isHere && { proxyEnv: this.#env }) };
    if (tls === null) return new HttpAgent(options);
    const { ca, clients, verify } = tls;
    // Made once: reading all authorities takes milliseconds.
    const secureContext = createSecureContext({
      ...(verify && this.#trusted(ca)),
      cert: clients.map(({ cert }) => cert),
      key: clients.map(({ key }) => key),
    });
    return new HttpsAgent({ ...options, secureContext, rejectUnauthorized: verify });
  }

  /** Node.js's own list where there is no file of the system, and nothing has to be added. */
  #trusted(more: readonly string[]): { readonly ca?: string[] } {
    this.#authorities ??= systemAuthorities(this.#env);
    const ca = [...this.#authorities, ...more];
    return ca.length === 0 ? {} : { ca };
  }
}

function systemAuthorities(env: NodeJS.ProcessEnv): readonly string[] {
  const given = env['SSL_CERT_FILE'];
  for (const file of given ? [given] : bundles) {
    try {
      return [readFileSync(file, 'utf8')];
    } catch {
      // The next one, or none.
    }
  }
  return [];
}
