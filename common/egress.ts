import { addressBits, formatAddress, formatSubnet, parseAddress, parseSubnet } from './ip-address.ts';

/** Ports that a rule is limited to. */
export interface EgressPorts {
  readonly protocol: 'any' | 'tcp' | 'udp';
  readonly first: number;
  readonly last: number;
}

/** What a policy allows. `ports` null: all of TCP and UDP, and ping. */
export type EgressRule =
  | { readonly kind: 'subnet'; readonly subnet: string; readonly ports: EgressPorts | null }
  | {
      readonly kind: 'name';
      /** In lower case. */
      readonly name: string;
      /** The names below it, in its place. */
      readonly wildcard: boolean;
      readonly ports: EgressPorts | null;
    };

const maxPort = 65_535;
/** Each port of a name's addresses is an element of its own in the kernel. */
const mostPortsOfName = 64;
const label = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const namePattern = new RegExp(`^(?=.{1,253}$)${label}(?:\\.${label})*$`);

/** TARGET[:PORT[-LAST]][/tcp|/udp], where TARGET is a name, *.NAME, an address or a subnet. Throws an Error that says what is wrong. */
export function parseEgressRule(text: string): EgressRule {
  const [, before = '', protocol = 'any'] = /^(.*?)(?:\/(tcp|udp))?$/is.exec(text.trim()) ?? [];
  const { target, ports } = splitPorts(before);
  const parsedPorts = portsOf(ports, protocol.toLowerCase() as EgressPorts['protocol']);
  const subnet = subnetOf(target);
  if (subnet !== null) return { kind: 'subnet', subnet, ports: parsedPorts };
  return nameRule(target, parsedPorts);
}

/** An address of IPv6 with ports is in brackets; one without may be. */
function splitPorts(text: string): { readonly target: string; readonly ports: string } {
  const [, inside, length = '', bracketed = ''] = /^\[([^\]]*)\](\/\d+)?(?::(.*))?$/s.exec(text) ?? [];
  if (inside !== undefined) return { target: `${inside}${length}`, ports: bracketed };
  if (text.split(':').length > 2) return { target: text, ports: '' };
  const [, target = '', ports] = /^([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  if (ports === '') throw new Error('the port is missing behind the colon');
  return { target, ports: ports ?? '' };
}

function portsOf(text: string, protocol: EgressPorts['protocol']): EgressPorts | null {
  if (text === '') return protocol === 'any' ? null : { protocol, first: 0, last: maxPort };
  const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const ports = { protocol, first: Number(first), last: Number(last) };
  if (first === '' || ports.first < 1 || ports.last > maxPort || ports.first > ports.last)
    throw new Error(`'${text}' is no port; use one from 1 to ${maxPort}, or FIRST-LAST`);
  return ports;
}

/** Null: the text is neither an address nor a subnet. */
function subnetOf(text: string): string | null {
  const address = parseAddress(text);
  if (address !== null) return `${formatAddress(address)}/${addressBits(address.family)}`;
  const subnet = parseSubnet(text);
  if (subnet === null) return null;
  const shortest = formatSubnet(subnet);
  if (parseAddress(text.slice(0, text.indexOf('/')))?.value !== subnet.first)
    throw new Error(`'${text}' has bits of a host; write it as '${shortest}'`);
  return shortest;
}

function nameRule(target: string, ports: EgressPorts | null): EgressRule {
  const wildcard = target.startsWith('*.');
  const name = (wildcard ? target.slice(2) : target).toLowerCase().replace(/\.$/, '');
  if (target === '*') throw new Error('everything is allowed by all, not by a rule');
  if (!namePattern.test(name) || /(^|\.)\d+$/.test(name))
    throw new Error(
      `'${target}' is neither a name, as example.org or *.example.org, nor an address or subnet, as 10.0.0.0/8`,
    );
  if (ports !== null && ports.last - ports.first >= mostPortsOfName)
    throw new Error(`the ports of a name are at most ${mostPortsOfName} in a row; leave them out for all`);
  return { kind: 'name', name, wildcard, ports };
}
