import { isIPv4 } from 'node:net';

/** What a host may be asked for: contents by digest, the digest of a tag, to store. */
export type Capability = 'pull' | 'resolve' | 'push';

export const allCapabilities: ReadonlySet<Capability> = new Set(['pull', 'resolve', 'push']);

/** A server that speaks the protocol for a registry: the registry itself, or a mirror of it. */
export interface Host {
  /** Where the protocol begins, without a slash at the end: https://registry-1.docker.io/v2. */
  readonly base: string;
  readonly capabilities: ReadonlySet<Capability>;
  readonly tls: TlsSettings;
  /** Speak plain HTTP if it does not speak TLS. */
  readonly mayBePlain: boolean;
  /** Sent with each request. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Not a mirror: it gets the credentials of the call. */
  readonly isOwn: boolean;
}

export interface TlsSettings {
  /** Certificates of authorities, in PEM, which are trusted beside those of the system. */
  readonly ca: readonly string[];
  /** Certificates of this client, in PEM. */
  readonly clients: readonly { readonly cert: string; readonly key: string }[];
  readonly verify: boolean;
}

export const plainTls: TlsSettings = { ca: [], clients: [], verify: true };

/** The registry of the host in a name, without a file about it. As in Docker, one on this machine needs neither a certificate nor TLS. */
export function defaultHost(registry: string, insecure: boolean): Host {
  const lenient = insecure || isLoopback(registry);
  return {
    base: `https://${registry === 'docker.io' ? 'registry-1.docker.io' : registry}/v2`,
    capabilities: allCapabilities,
    tls: { ...plainTls, verify: !lenient },
    mayBePlain: lenient,
    headers: {},
    isOwn: true,
  };
}

/** True for localhost, 127.0.0.0/8 and ::1, with or without a port. Other names are not looked up. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, '');
  return name === 'localhost' || name === '[::1]' || (isIPv4(name) && name.startsWith('127.'));
}
