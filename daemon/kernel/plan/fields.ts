/** Writes the binary form of native/include/plan.h: little-endian, lengths before contents. */
export class Writer {
  #buffer = Buffer.allocUnsafe(8192);
  #length = 0;

  #room(bytes: number): number {
    const at = this.#length;
    if (at + bytes > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, at + bytes));
      this.#buffer.copy(larger, 0, 0, at);
      this.#buffer = larger;
    }
    this.#length = at + bytes;
    return at;
  }

  u32(value: number): void {
    const at = this.#room(4);
    this.#buffer.writeUInt32LE(value >>> 0, at);
  }

  u64(value: bigint): void {
    const at = this.#room(8);
    this.#buffer.writeBigUInt64LE(BigInt.asUintN(64, value), at);
  }

  bytes(value: Uint8Array): void {
    this.u32(value.length);
    const at = this.#room(value.length + 1);
    this.#buffer.set(value, at);
    this.#buffer[at + value.length] = 0;
  }

  str(value: string): void {
    const length = Buffer.byteLength(value);
    this.u32(length);
    const at = this.#room(length + 1);
    this.#buffer.write(value, at, 'utf8');
    this.#buffer[at + length] = 0;
  }

  record<T extends Fields>(kind: number, fields: T, values: Values<T>): void {
    this.u32(kind);
    const lengthAt = this.#room(4);
    const start = this.#length;
    this.fields(fields, values);
    this.#buffer.writeUInt32LE(this.#length - start, lengthAt);
  }

  fields<T extends Fields>(fields: T, values: Values<T>): void {
    for (const name in fields) fields[name]?.(this, values[name] as never);
  }

  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}

/** Writes the value of one field. */
export type Field<T> = (w: Writer, value: T) => void;

/** Fields by name, in order. */
export type Fields = Readonly<Record<string, Field<never>>>;

/** The values of fields. */
export type Values<T extends Fields> = {
  readonly [Name in keyof T]: T[Name] extends Field<infer V> ? V : never;
};

export const u32: Field<number> = (w, value) => w.u32(value);
export const u64: Field<bigint> = (w, value) => w.u64(value);
/** 64 bits as decimal text. */
export const decimal: Field<string> = (w, value) => w.u64(BigInt(value));
/** 64 bits as a number of bytes. */
export const size: Field<number> = (w, value) => w.u64(BigInt(value));
export const bool: Field<boolean> = (w, value) => w.u32(value ? 1 : 0);
export const str: Field<string> = (w, value) => w.str(value);
export const bytes: Field<Uint8Array> = (w, value) => w.bytes(value);

export function list<T>(element: Field<T>): Field<readonly T[]> {
  return (w, values) => {
    w.u32(values.length);
    for (const value of values) element(w, value);
  };
}

export const pair: Field<readonly [string, string]> = (w, [key, value]) => {
  w.str(key);
  w.str(value);
};

/** One of several words, written as its index. */
export function word<const T extends string>(words: readonly T[]): Field<T> {
  return (w, value) => w.u32(words.indexOf(value));
}
