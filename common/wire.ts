import protobuf from 'protobufjs/minimal.js';

// Messages of protobuf without generated code: https://protobuf.dev/programming-guides/encoding

const { Reader, Writer } = protobuf;
const varint = 0;
const lengthDelimited = 2;

/** A field: its number, and a whole number, text, bytes or encoded message. */
type WireField = readonly [number: number, value: number | string | Uint8Array];

export function encodeFields(...fields: readonly WireField[]): Buffer {
  const writer = Writer.create();
  for (const [number, value] of fields) {
    if (typeof value === 'number') writer.uint32(number << 3).uint64(value);
    else {
      writer.uint32((number << 3) | lengthDelimited);
      if (typeof value === 'string') writer.string(value);
      else writer.bytes(value);
    }
  }
  // In Node.js the writer is a BufferWriter.
  return writer.finish() as Buffer;
}

/** A decoded message. Fields of other wire types than varint and length-delimited are skipped. */
export class WireMessage {
  readonly #fields: (readonly [number: number, value: number | Uint8Array])[] = [];

  /** Throws an Error if the bytes are not a message. */
  constructor(bytes: Uint8Array) {
    const reader = Reader.create(bytes);
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      const type = tag & 7;
      if (type === varint) this.#fields.push([tag >>> 3, Number(reader.uint64())]);
      else if (type === lengthDelimited) this.#fields.push([tag >>> 3, reader.bytes()]);
      else reader.skipType(type);
    }
  }

  /** The last value of a field; 0 without one. */
  number(field: number): number {
    return Number(this.#values(field).at(-1) ?? 0);
  }

  bytes(field: number): Uint8Array[] {
    return this.#values(field).filter((value) => typeof value !== 'number');
  }

  texts(field: number): string[] {
    return this.bytes(field).map((bytes) => Buffer.from(bytes).toString());
  }

  /** The last text of a field; empty without one. */
  text(field: number): string {
    return this.texts(field).at(-1) ?? '';
  }

  messages(field: number): WireMessage[] {
    return this.bytes(field).map((bytes) => new WireMessage(bytes));
  }

  #values(field: number) {
    return this.#fields.filter(([number]) => number === field).map(([, value]) => value);
  }
}
