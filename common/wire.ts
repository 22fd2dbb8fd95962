/** The little of protobuf's wire format that error details need: https://protobuf.dev/programming-guides/encoding */

/** A length-delimited field; nothing when the text is empty, as proto3 has it. */
export function textField(number: number, text: string): Buffer {
  return text === '' ? Buffer.alloc(0) : bytesField(number, Buffer.from(text));
}

export function bytesField(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

export function intField(number: number, value: number): Buffer {
  return value === 0 ? Buffer.alloc(0) : Buffer.concat([varint(number * 8), varint(value)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** One field as read. Fields of other wire types than varint and length-delimited are skipped. */
export interface WireField {
  readonly number: number;
  readonly value: number | Buffer;
}

/** Fields of a message, in their order. Throws RangeError on bytes that are no message. */
export function* readFields(bytes: Uint8Array): Generator<WireField> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = { offset: 0 };
  while (at.offset < buffer.length) {
    const tag = readVarint(buffer, at);
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        yield { number, value: readVarint(buffer, at) };
        break;
      case 1:
        skip(buffer, at, 8);
        break;
      case 2:
        yield { number, value: skip(buffer, at, readVarint(buffer, at)) };
        break;
      case 5:
        skip(buffer, at, 4);
        break;
      default:
        throw new RangeError('bad wire type');
    }
  }
}

interface Cursor {
  offset: number;
}

function readVarint(buffer: Buffer, at: Cursor): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = buffer[at.offset++];
    if (byte === undefined || scale > 2 ** 63) throw new RangeError('bad varint');
    value += (byte & 127) * scale;
    if (byte < 128) return value;
  }
}

function skip(buffer: Buffer, at: Cursor, length: number): Buffer {
  const end = at.offset + length;
  if (end > buffer.length) throw new RangeError('cut short');
  const part = buffer.subarray(at.offset, end);
  at.offset = end;
  return part;
}
