import { readFileSync } from 'node:fs';
import { badArgument } from '../../../../common/errors.ts';
import { own } from '../../../../common/own.ts';
import type { CniConnection, CniDns } from '../../../kernel/cni/result.ts';
import { hostGateway } from '../model/hostname.ts';
import type { ContainerSpec } from '../model/spec.ts';

/** Files of /etc that a container is given, over those of its root. */
export interface HostFiles {
  /** Target to content. */
  readonly own: Readonly<Record<string, string>>;
  /** Files that it takes from the container whose network it uses, by their target. */
  readonly ofNetwork: readonly string[];
}

/** What a container that is connected to networks has there. */
export interface NetworkSide {
  /** Its own, of all networks. */
  readonly addresses: readonly string[];
  /** The host, as its default routes lead there. */
  readonly gateways: readonly string[];
  /** Where it finds the names of others; null: nowhere. */
  readonly resolver: string | null;
}

/** What a container's resolv.conf says once it is connected to networks while it runs; null: it mounts its own. */
export function connectedResolvConf(
  spec: ContainerSpec,
  network: NetworkSide,
): Readonly<Record<string, string>> {
  const { '/etc/resolv.conf': text } = hostFiles(spec, '', { network, nameServer: null }).own;
  return text === undefined ? {} : { '/etc/resolv.conf': text };
}

/** Those to which is added what plugins of CNI say, once they have connected the container. */
export function appendedTargets({ mounts, cni }: Pick<ContainerSpec, 'mounts' | 'cni'>): string[] {
  const mounted = new Set(mounts.map(({ target }) => target));
  return cni.length === 0 ? [] : ['/etc/hosts', '/etc/resolv.conf'].filter((target) => !mounted.has(target));
}

/** Whether its name servers are those that the plugins tell, and not the resolver of other networks, which asks them. */
function namesOfCni({ cni, networks }: ContainerSpec): boolean {
  return cni.length > 0 && networks.length === 0;
}

/** What is added to each of them. */
export function appendedFiles(
  spec: ContainerSpec,
  hostname: string,
  connections: readonly CniConnection[],
  read = readHostFile,
): string[] {
  const texts: Readonly<Record<string, () => string>> = {
    '/etc/hosts': () =>
      connections
        .flatMap(({ addresses }) => addresses)
        .map(({ address }) => `${address}\t${namesOf(spec, hostname)}\n`)
        .join(''),
    '/etc/resolv.conf': () =>
      namesOfCni(spec) ? resolvConf(spec, () => dnsLines(connections) || read('/etc/resolv.conf')) : '',
  };
  return appendedTargets(spec).map((target) => own(texts, target)?.() ?? '');
}

function dnsLines(connections: readonly CniConnection[]): string {
  const all = (key: keyof CniDns): string[] => [...new Set(connections.flatMap(({ dns }) => dns[key]))];
  return [
    ['nameserver', all('nameservers')] as const,
    ['search', all('search')] as const,
    ['options', all('options')] as const,
  ]
    .map(([key, words]) => resolverLines(key, words))
    .join('');
}

interface HostSide {
  /** Null: it is connected to none. */
  readonly network: NetworkSide | null;
  /** A name server inside that stands for one on the host's loopback; null: none. */
  readonly nameServer: string | null;
  /** Text of a file of the host; empty if it cannot be read. */
  readonly read?: (path: string) => string;
}

/** /etc/hostname, /etc/hosts and /etc/resolv.conf, but those that the user mounts himself. */
export function hostFiles(
  spec: ContainerSpec,
  hostname: string,
  { network, nameServer, read = readHostFile }: HostSide,
): HostFiles {
  const mounted = new Set(spec.mounts.map((mount) => mount.target));
  const contents: Readonly<Record<string, () => string>> = {
    '/etc/hostname': () => `${hostname}\n`,
    '/etc/hosts': () => hosts(spec, hostname, { network, read }),
    '/etc/resolv.conf': () => {
      if (namesOfCni(spec)) return '';
      return network === null || network.resolver === null
        ? resolvConf(spec, () => withForwarding(read('/etc/resolv.conf'), nameServer))
        : `nameserver ${network.resolver}\n${withoutLines(
            resolvConf(spec, () => read('/etc/resolv.conf')),
            ['nameserver'],
          )}`;
    },
  };
  const given = Object.entries(contents).filter(([target]) => !mounted.has(target));
  if (spec.namespaces.network.kind === 'container')
    return { own: {}, ofNetwork: given.map(([target]) => target) };
  return { own: Object.fromEntries(given.map(([target, content]) => [target, content()])), ofNetwork: [] };
}

function hosts(
  spec: ContainerSpec,
  hostname: string,
  { network, read }: Pick<HostSide, 'network'> & { readonly read: (path: string) => string },
): string {
  const extra = spec.extraHosts.flatMap((entry) => {
    const split = entry.indexOf(':');
    const [name, address] = [entry.slice(0, split), entry.slice(split + 1)];
    const addresses = address === hostGateway ? gatewaysFor(spec, network) : [address];
    return addresses.map((one) => `${one}\t${name}\n`);
  });
  const names = namesOf(spec, hostname);
  const addresses = network?.addresses ?? (spec.cni.length > 0 ? [] : ['127.0.1.1']);
  const own =
    spec.namespaces.network.kind === 'host'
      ? read('/etc/hosts')
      : `127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nff00::0\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n${addresses.map((address) => `${address}\t${names}\n`).join('')}`;
  // The host's file may lack its last newline.
  const between = own === '' || own.endsWith('\n') ? '' : '\n';
  return own + between + extra.join('');
}

/** The first one is what `hostname -f` answers. */
function namesOf({ domainname }: ContainerSpec, hostname: string): string {
  return domainname === '' ? hostname : `${hostname}.${domainname} ${hostname}`;
}

function gatewaysFor({ namespaces }: ContainerSpec, network: NetworkSide | null): readonly string[] {
  if (namespaces.network.kind === 'host') return ['127.0.0.1'];
  if (network && network.gateways.length > 0) return network.gateways;
  throw badArgument(
    'spec.extra_hosts',
    `Cannot give the host a name by ${hostGateway}: the container has no network that leads to the host; connect it to one, such as bridge`,
  );
}

function resolvConf(spec: ContainerSpec, ofHost: () => string): string {
  const { dns, dnsSearch, dnsOptions } = spec;
  const own = { nameserver: dns, search: dnsSearch, options: dnsOptions };
  const given = Object.entries(own).filter(([, words]) => words.length > 0);
  if (given.length === 0) return ofHost();
  // The user's own name servers are asked for the user's own names: nothing of the host's file is kept beside them.
  const host =
    dns.length > 0
      ? ''
      : withoutLines(
          ofHost(),
          given.map(([key]) => key),
        );
  return host + given.map(([key, words]) => resolverLines(key, words)).join('');
}

/** The host's loopback, where a stub of its resolver may listen, is not that of the container. */
function withForwarding(text: string, forwarding: string | null): string {
  if (forwarding === null) return text;
  return text.replace(/^(\s*nameserver\s+)(127\.\S+|::1)\s*$/gm, `$1${forwarding}`);
}

function resolverLines(key: string, words: readonly string[]): string {
  if (key === 'nameserver') return words.map((word) => `nameserver ${word}\n`).join('');
  const wanted = words.filter((word) => word !== '.');
  return wanted.length > 0 ? `${key} ${wanted.join(' ')}\n` : '';
}

/** The text without the lines that begin with one of the words; `domain` says the same as `search`. */
function withoutLines(text: string, keys: readonly string[]): string {
  const dropped = new Set(keys.includes('search') ? [...keys, 'domain'] : keys);
  const lines = text
    .split('\n')
    .filter((line) => line !== '' && !dropped.has(line.trim().split(/\s/, 1)[0] ?? ''));
  return lines.map((line) => `${line}\n`).join('');
}

function readHostFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
