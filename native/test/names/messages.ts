// Messages of DNS (RFC 1035), as the tests write and read them.
import { addressBytes } from '../../../daemon/kernel/network/address.ts';

export const types = {
  A: 1,
  CNAME: 5,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  OPT: 41,
  HTTPS: 65,
  ANY: 255,
} as const;

export interface Asked {
  readonly id?: number;
  readonly name: string;
  readonly type?: number;
  /** The size of answers that is taken; undefined: no EDNS. */
  readonly edns?: number;
  readonly ednsVersion?: number;
  /** An option of EDNS with this text. */
  readonly option?: string;
}

function nameBytes(name: string): Buffer {
  const labels = name.split('.').filter(Boolean);
  return Buffer.concat([
    ...labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]),
    Buffer.from([0]),
  ]);
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, 2 * index);
  return bytes;
}

export function question({
  id = 0x1234,
  name,
  type = types.A,
  edns,
  ednsVersion = 0,
  option,
}: Asked): Buffer {
  const parts = [numbers(id, 0x0100, 1, 0, 0, edns === undefined ? 0 : 1), nameBytes(name), numbers(type, 1)];
  const text = Buffer.from(option ?? '');
  const options = option === undefined ? [] : [numbers(0xfde9, text.length), text];
  const size = options.reduce((sum, { length }) => sum + length, 0);
  if (edns !== undefined)
    parts.push(Buffer.from([0]), numbers(types.OPT, edns, ednsVersion, 0, size), ...options);
  return Buffer.concat(parts);
}

export interface Answer {
  readonly id: number;
  readonly rcode: number;
  readonly truncated: boolean;
  /** As it was repeated. */
  readonly name: string;
  readonly records: readonly string[];
  /** Of the first record. */
  readonly ttl: number;
  readonly bytes: number;
}

function readName(message: Buffer, from: number): { name: string; end: number } {
  const labels: string[] = [];
  let end = -1;
  for (let at = from; ; ) {
    const length = message[at] ?? 0;
    if (length >= 0xc0) {
      if (end < 0) end = at + 2;
      at = message.readUInt16BE(at) & 0x3fff;
      continue;
    }
    if (length === 0) return { name: labels.join('.'), end: end < 0 ? at + 1 : end };
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
}

function dataOf(message: Buffer, type: number, at: number, length: number): string {
  const data = message.subarray(at, at + length);
  if (type === types.A) return [...data].join('.');
  if (type === types.PTR) return readName(message, at).name;
  return data.toString('hex');
}

export function readAnswer(message: Buffer): Answer {
  const records: string[] = [];
  let ttl = 0;
  let at = 12;
  let name = '';
  if (message.readUInt16BE(4) > 0) {
    const asked = readName(message, at);
    name = asked.name;
    at = asked.end + 4;
  }
  for (let left = message.readUInt16BE(6); left > 0; left -= 1) {
    const { end } = readName(message, at);
    const length = message.readUInt16BE(end + 8);
    if (records.length === 0) ttl = message.readUInt32BE(end + 4);
    records.push(dataOf(message, message.readUInt16BE(end), end + 10, length));
    at = end + 10 + length;
  }
  const flags = message.readUInt16BE(2);
  return {
    id: message.readUInt16BE(0),
    rcode: flags & 15,
    truncated: (flags & 0x200) !== 0,
    name,
    records,
    ttl,
    bytes: message.length,
  };
}

/** An answer to a message, with addresses of IPv4. */
export function answerTo(
  asked: Buffer,
  addresses: readonly string[],
  { rcode = 0, truncated = false, id = asked.readUInt16BE(0) } = {},
): Buffer {
  const { end } = readName(asked, 12);
  const header = numbers(
    id,
    0x8180 | rcode | (truncated ? 0x200 : 0),
    1,
    truncated ? 0 : addresses.length,
    0,
    0,
  );
  const records = addresses.flatMap((address) => [
    numbers(0xc00c, types.A, 1, 0, 60, 4),
    Buffer.from(address.split('.').map(Number)),
  ]);
  return Buffer.concat([header, asked.subarray(12, end + 4), ...(truncated ? [] : records)]);
}

export interface Record {
  readonly type: number;
  readonly ttl: number;
  readonly data: string;
}

function dataBytes({ type, data }: Record): Buffer {
  return type === types.CNAME ? nameBytes(data) : addressBytes(data);
}

function recordBytes(record: Record): Buffer {
  const data = dataBytes(record);
  const head = numbers(0xc00c, record.type, 1, record.ttl >>> 16, record.ttl & 0xffff, data.length);
  return Buffer.concat([head, data]);
}

/** An answer to a message, with any records; each has the name that was asked for. */
export function recordsTo(
  asked: Buffer,
  {
    records,
    additional = [],
    isCut = false,
    rcode = 0,
  }: {
    readonly records: readonly Record[];
    readonly additional?: readonly Record[];
    readonly isCut?: boolean;
    readonly rcode?: number;
  },
): Buffer {
  const { end } = readName(asked, 12);
  const flags = 0x8180 | rcode | (isCut ? 0x200 : 0);
  const header = numbers(asked.readUInt16BE(0), flags, 1, records.length, 0, additional.length);
  return Buffer.concat([
    header,
    asked.subarray(12, end + 4),
    ...records.map(recordBytes),
    ...additional.map(recordBytes),
  ]);
}

export function nameIn(message: Buffer): string {
  return readName(message, 12).name;
}
