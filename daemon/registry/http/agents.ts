import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { OnReadOpts, Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import { isLoopback, type TlsSettings } from '../hosts/host.ts';

/** Idle connections are closed after this time. */
const idleMs = 30_000;

/** What one read takes from a connection at most. */
const readBytes = 128 * 1024;

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
    const mayProxy = !isHere && namesProxy(this.#env);
    // The tunnel through a proxy is made of what the stream of its connection holds, which is nothing with `onread`.
    const reading = mayProxy ? { proxyEnv: this.#env } : { onread: intoOneBuffer() };
    const options = { keepAlive: true, timeout: idleMs, ...reading };
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

function namesProxy(env: NodeJS.ProcessEnv): boolean {
  return Object.entries(env).some(([name, value]) => /^https?_proxy$/i.test(name) && value !== '');
}

/**
 * Makes connections read into one buffer, which all of them share: the parser of HTTP copies the bytes that it passes on. Without this,
 * each read allocates 64 KiB, and they stay until the next garbage collection.
 */
function intoOneBuffer(): OnReadOpts {
  const buffer = Buffer.allocUnsafeSlow(readBytes);
  return {
    buffer,
    callback(this: Socket, bytes: number) {
      this.emit('data', buffer.subarray(0, bytes));
      return true;
    },
  };
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
