// Policies of containers, as liker-resolver takes them (native/src/resolver/control.h).
import { LikerError } from '../../../common/errors.ts';
import { id, isName, nameBytes, request } from './resolver-messages.ts';

export interface PortRange {
  readonly protocol: 'tcp' | 'udp' | 'any';
  readonly first: number;
  readonly last: number;
}

export interface NameRule {
  /** Case and dots at the end do not matter. */
  readonly name: string;
  /** Any name below this one, but not this one itself. */
  readonly wildcard: boolean;
  /** What can be reached at the addresses of the name: at most 64 ports. Empty: all ports and protocols. */
  readonly ports: readonly PortRange[];
}

/** What one container may ask for. */
export interface NamePolicy {
  /** The host's ends of its links, for which the addresses come into the table. */
  readonly interfaces: readonly string[];
  readonly rules: readonly NameRule[];
}

const mostRules = 0xffff;
const mostInterfaces = 32;
/** Of a request. */
const mostBytes = 1 << 18;
const interfaceBytes = 16;
const protocols = { any: 0, tcp: 6, udp: 17 } as const;

/** Null: the container has no policy. */
export function policyRequest(container: string, policy: NamePolicy | null): Buffer {
  const { interfaces, rules } = policy ?? { interfaces: [], rules: [] };
  const known = rules.map(plain).filter(({ name }) => isName(name));
  const body = known.map(ruleBytes);
  const size = body.reduce((sum, { length }) => sum + length, 0);
  if (known.length > mostRules || size > mostBytes / 2 || interfaces.length > mostInterfaces)
    throw new LikerError('BAD_ARGUMENT', 'The policy is too large: it has too many names or networks');
  return request(
    'P',
    id(container),
    [policy ? 1 : 0, interfaces.length],
    ...interfaces.map(interfaceName),
    number(known.length),
    ...body,
  );
}

export const tableMadeRequest = (): Buffer => request('G');

const plain = (rule: NameRule): NameRule => ({ ...rule, name: rule.name.toLowerCase().replace(/\.+$/, '') });

function ruleBytes({ name, wildcard, ports }: NameRule): Buffer {
  return Buffer.concat([
    Buffer.from([wildcard ? 1 : 0]),
    nameBytes(name),
    Buffer.from([ports.length]),
    ...ports.map(({ protocol, first, last }) =>
      Buffer.concat([Buffer.from([protocols[protocol]]), number(first), number(last)]),
    ),
  ]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function interfaceName(name: string): Buffer {
  const bytes = Buffer.alloc(interfaceBytes);
  bytes.write(name, 0, interfaceBytes - 1, 'latin1');
  return bytes;
}
