import protobuf from 'protobufjs';
import { own } from '../common/own.ts';
import descriptor from '../proto/gen/liker.json' with { type: 'json' };
import { inherited } from './property.ts';
import type { Random } from './random.ts';

const root = protobuf.Root.fromJSON(descriptor as protobuf.INamespace);
root.resolveAll();

export interface Method {
  readonly path: string;
  readonly service: string;
  readonly name: string;
  readonly request: string;
  readonly streamsRequests: boolean;
  readonly streamsResponses: boolean;
}

/** Every method of every service of liker.v1. */
export const methods: readonly Method[] = (root.lookup('liker.v1') as protobuf.Namespace).nestedArray
  .filter((found) => found instanceof protobuf.Service)
  .flatMap((service) =>
    service.methodsArray.map((method) => ({
      path: `/liker.v1.${service.name}/${method.name}`,
      service: service.name,
      name: method.name,
      request: method.requestType,
      streamsRequests: method.requestStream === true,
      streamsResponses: method.responseStream === true,
    })),
  );

const numbers = [
  0,
  1,
  2,
  9,
  15,
  64,
  100,
  4096,
  65_535,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 53 - 1,
  2 ** 53,
];
const texts = [
  ...[
    '',
    'a',
    'web',
    'true',
    'sh',
    '/',
    '/tmp',
    '/proc/self/fd/3',
    '../..',
    'container:x',
    'host',
    'SIGTERM',
    '-1',
  ],
  ...[
    '0'.repeat(64),
    'ff'.repeat(32),
    'x'.repeat(300),
    'a\0b',
    'a\nb',
    '\x1b]0;x\x07',
    '\u202e',
    '😀',
    '%s%n',
    '1-1',
  ],
  ...[
    'size=1m',
    'net.ipv4.ip_forward',
    'db:192.0.2.7',
    'nofile',
    'NET_ADMIN',
    'no-new-privileges',
    ...inherited,
  ],
];

/** What messages may say about a machine that really carries them out. */
export interface Known {
  /** Texts that would otherwise never be guessed, such as ids. */
  readonly texts: readonly string[];
  /** The only values of fields whose other values could change the host, by MESSAGE.field. */
  readonly fields?: Readonly<Record<string, readonly unknown[]>>;
}

function scalar(type: string, random: Random, known: Known): unknown {
  switch (type) {
    case 'string':
      return random.oneIn(3) && known.texts.length > 0 ? random.pick(known.texts) : random.pick(texts);
    case 'bytes':
      return random.bytes(random.below(64));
    case 'bool':
      return random.oneIn(2);
    case 'double':
    case 'float':
      return random.pick([0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 1e300]);
    default: {
      const value = random.pick(numbers);
      return random.oneIn(4) ? -value : value;
    }
  }
}

function fieldValue(field: protobuf.Field, random: Random, known: Known, depth: number): unknown {
  if (field.resolvedType instanceof protobuf.Enum) {
    const values = Object.values(field.resolvedType.values);
    return random.oneIn(8) ? random.below(2 ** 31) : random.pick(values);
  }
  if (field.resolvedType instanceof protobuf.Type)
    return fields(field.resolvedType, random, known, depth + 1);
  return scalar(field.type, random, known);
}

/** Some fields of a message, deeper ones more rarely. Of a oneof, more than one may be set: the last on the wire counts. */
function fields(type: protobuf.Type, random: Random, known: Known, depth = 0): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  const chance = depth < 2 ? 2 : 3 + depth;
  for (const field of type.fieldsArray) {
    if (!random.oneIn(chance)) continue;
    const count = random.oneIn(20) ? 40 : random.below(3);
    const allowed = own(known.fields ?? {}, `${type.name}.${field.name}`);
    const value = () => (allowed ? random.pick(allowed) : fieldValue(field, random, known, depth));
    if (field instanceof protobuf.MapField)
      message[field.name] = Object.fromEntries(
        Array.from({ length: count }, () => [scalar(field.keyType, random, known), value()]),
      );
    else if (field.repeated) message[field.name] = Array.from({ length: count }, value);
    else message[field.name] = value();
  }
  return message;
}

const plainSpec = { rootfs: { directory: '/' }, process: { args: ['true'] } };

/** The wire form of a CreateContainerRequest or RunStart whose spec is changed in few places, so that it has a chance to be accepted. */
export function specRequest(
  name: 'CreateContainerRequest' | 'RunStart',
  random: Random,
  known: Known = { texts: [] },
  base: object = plainSpec,
): Buffer {
  const type = root.lookupType('liker.v1.ContainerSpec');
  const changes = Object.entries(fields(type, random, known)).filter(() => random.oneIn(8));
  const spec = { ...base, ...Object.fromEntries(changes) };
  return Buffer.from(root.lookupType(`liker.v1.${name}`).encode({ spec }).finish());
}

/** The wire form of a message of type `name` with random fields. */
export function message(name: string, random: Random, known: Known = { texts: [] }): Buffer {
  const type = root.lookupType(`liker.v1.${name}`);
  return Buffer.from(type.encode(fields(type, random, known)).finish());
}

/** Bytes changed in some places: bits, numbers, parts that are missing, repeated or of another message. */
export function mutated(bytes: Buffer, random: Random, other: Buffer): Buffer {
  let result = Buffer.from(bytes);
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    const at = random.below(result.length + 1);
    const end = at + random.below(result.length - at + 1);
    switch (random.below(6)) {
      case 0:
        if (at < result.length) result.writeUInt8((result[at] ?? 0) ^ (1 << random.below(8)), at);
        break;
      case 1:
        result = Buffer.concat([result.subarray(0, at), result.subarray(end)]);
        break;
      case 2:
        result = Buffer.concat([result.subarray(0, end), result.subarray(at)]);
        break;
      case 3:
        result = Buffer.concat([result.subarray(0, at), random.bytes(random.below(9)), result.subarray(at)]);
        break;
      case 4:
        result = Buffer.concat([result.subarray(0, at), other.subarray(random.below(other.length + 1))]);
        break;
      default:
        result = result.subarray(0, at);
    }
  }
  return result;
}

/** The wire form of a message of type `name` with these fields. */
export function encoded(name: string, fields: object): Buffer {
  const type = root.lookupType(`liker.v1.${name}`);
  return Buffer.from(type.encode(type.fromObject(fields as Record<string, unknown>)).finish());
}
