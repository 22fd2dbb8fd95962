import { isIP } from 'node:net';
import { badArgument } from '../../common/errors.ts';
import type { PublishedPortInput } from '../../proto/gen/types/liker/v1/PublishedPort.ts';
import type { FlagValues } from '../cli/flag.ts';
import { splitCsv } from './csv.ts';
import { invalidFlag } from './invalid-flag.ts';

const protocols = ['tcp', 'udp', 'sctp'];
const form = 'use [ADDRESS:][HOSTPORT:]PORT[/PROTOCOL], such as 8080:80';

/** A port as it was written, before its numbers are read. */
interface Written {
  readonly address: string;
  readonly host: string;
  readonly container: string;
  readonly protocol: string;
}

/** What is wrong with a port. */
type Refuse = (why: string) => Error;

/**
 * Parses Docker's -p [ADDRESS:][HOSTPORT[-HOSTPORT]:]PORT[-PORT][/PROTOCOL], and its published=HOSTPORT,target=PORT,protocol=PROTOCOL.
 * Throws BAD_ARGUMENT.
 */
export function parsePublished(text: string): PublishedPortInput {
  const refuse: Refuse = (why) => invalidFlag('publish', text, why);
  const { address, host, container, protocol } = text.includes('=')
    ? longForm(text, refuse)
    : shortForm(text, refuse);
  const inside = parseRange(container, 1, refuse);
  const length = inside.last - inside.first + 1;
  return {
    hostAddress: parseAddress(address, refuse),
    ...(host === '' ? { hostPort: 0, hostPorts: 1 } : hostPorts(parseRange(host, 0, refuse), length, refuse)),
    containerPort: inside.first,
    protocol: parseProtocol(protocol, refuse),
    length,
  };
}

/** What --publish and --publish-all ask for. */
export interface AskedPorts {
  readonly ports: PublishedPortInput[];
  readonly publishAll: boolean;
}

/** Parses --publish and --publish-all. `mode`: of parseNetworks. Throws BAD_ARGUMENT. */
export function parsePorts(flags: FlagValues, mode: string): AskedPorts {
  const given = flags.list('publish').map((text) => ({ text, port: parsePublished(text) }));
  const publishAll = flags.bool('publish-all');
  if (mode === '') return { ports: given.map(({ port }) => port), publishAll };
  const unmet = given.find(({ port }) => mode !== 'host' || !isSame(port));
  if (unmet !== undefined || publishAll) {
    const flag = unmet === undefined ? '--publish-all' : `--publish '${unmet.text}'`;
    throw badArgument('ports', `Cannot use ${flag} with --network ${mode}: ${whyNot(mode)}`);
  }
  return { ports: [], publishAll: false };
}

/** The port of the host is that of the program: on the host's network there is nothing to do. */
function isSame({ hostAddress, hostPort, containerPort, hostPorts }: PublishedPortInput): boolean {
  return hostAddress === '' && hostPort === containerPort && hostPorts === 1;
}

function whyNot(mode: string): string {
  if (mode === 'none') return 'the container has no network';
  if (mode === 'host') return "the program's ports are the host's own";
  return 'publish the port with the container that the network is of, or leave --network out';
}

/** PORT[-PORT][/PROTOCOL], as --expose has it and images do. Throws BAD_ARGUMENT. */
export function parseExposed(text: string): string {
  const refuse: Refuse = (why) => invalidFlag('expose', text, why);
  const { port, protocol } = splitProtocol(text, refuse);
  const { first, last } = parseRange(port, 1, refuse);
  return `${first === last ? first : `${first}-${last}`}/${parseProtocol(protocol, refuse)}`;
}

function shortForm(text: string, refuse: Refuse): Written {
  const { port, protocol } = splitProtocol(text, refuse);
  const parts = port.split(':');
  const container = parts.pop() ?? '';
  const host = parts.pop() ?? '';
  // An IPv6 address has colons, too; Docker takes it with brackets and without.
  const address = parts.join(':').replace(/^\[(.*)\]$/s, '$1');
  if (container === '') throw refuse(`the port of the container is missing; ${form}`);
  if (parts.length === 0 && isIP(host) !== 0)
    throw refuse(
      `with an address it is ${host}:HOSTPORT:${container}, or ${host}::${container} for any free port`,
    );
  return { address, host, container, protocol };
}

function splitProtocol(text: string, refuse: Refuse): { readonly port: string; readonly protocol: string } {
  const [port = '', protocol = 'tcp', ...more] = text.split('/');
  if (more.length > 0) throw refuse(`it has more than one slash; ${form}`);
  return { port, protocol };
}

const longKeys = ['published', 'target', 'protocol', 'mode'];

function longForm(text: string, refuse: Refuse): Written {
  const fields = new Map<string, string>();
  for (const field of splitCsv(text, 'publish')) {
    const [, key = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(field) ?? [];
    if (!longKeys.includes(key)) throw refuse(`unknown key '${key}'; known are ${longKeys.join(', ')}`);
    if (fields.has(key)) throw refuse(`'${key}' is given twice`);
    fields.set(key, value);
  }
  // Docker's for services; a container's port is always one of this machine.
  const mode = fields.get('mode') ?? 'host';
  if (!['host', 'ingress'].includes(mode)) throw refuse('mode is host');
  const container = fields.get('target') ?? '';
  if (container === '') throw refuse('target, the port of the container, is missing');
  return {
    address: '',
    host: fields.get('published') ?? '',
    container,
    protocol: fields.get('protocol') ?? 'tcp',
  };
}

interface Range {
  readonly first: number;
  readonly last: number;
}

function parseRange(text: string, least: number, refuse: Refuse): Range {
  const [, from = '', to = from] = /^(\d{1,8})(?:-(\d{1,8}))?$/.exec(text) ?? [];
  if (from === '') throw refuse(`'${text}' is not a port; ${form}`);
  const [first, last] = [Number(from), Number(to)];
  const wrong = [first, last].find((port) => port < least || port > 65535);
  if (wrong !== undefined) throw refuse(`${wrong} is not a port, which is from 1 to 65535`);
  if (last < first) throw refuse(`the range ${text} ends before it begins`);
  if (first === 0 && last > 0) throw refuse(`the range ${text} begins with 0, which means any free port`);
  return { first, last };
}

/** One to one; or, for one port of the container, one of several of the host. */
function hostPorts({ first, last }: Range, length: number, refuse: Refuse) {
  const count = last - first + 1;
  if (first === 0) return { hostPort: 0, hostPorts: 1 };
  if (length > 1 && count !== length)
    throw refuse(
      `the host has ${ports(count)} and the container ${ports(length)}; give both as many, or the container one`,
    );
  return { hostPort: first, hostPorts: length > 1 ? 1 : count };
}

function ports(count: number): string {
  return count === 1 ? '1 port' : `${count} ports`;
}

function parseAddress(text: string, refuse: Refuse): string {
  if (text === '' || (isIP(text) !== 0 && !text.includes('%'))) return text;
  const better = text === 'localhost' ? '; use 127.0.0.1 or [::1]' : '';
  throw refuse(`'${text}' is not an IP address${better}`);
}

function parseProtocol(text: string, refuse: Refuse): string {
  const protocol = text.toLowerCase();
  if (!protocols.includes(protocol)) throw refuse(`'${text}' is not a protocol; use ${protocols.join(', ')}`);
  return protocol;
}
