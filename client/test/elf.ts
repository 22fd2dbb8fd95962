// Small ELF files for tests.

export interface FixtureElf {
  readonly needed?: readonly string[];
  readonly runpath?: string;
  readonly rpath?: string;
  readonly interpreter?: string;
  readonly machine?: number;
}

/** An ELF file of headers, a dynamic section and its strings, mapped at address 0. */
export function fixtureElf({ needed = [], runpath, rpath, interpreter, machine = 62 }: FixtureElf): Buffer {
  const strings = ['', ...needed, runpath ?? '', rpath ?? '', interpreter ?? ''];
  const at = (index: number): number =>
    strings.slice(0, index).reduce((sum, text) => sum + text.length + 1, 0);
  const tags: [tag: number, value: number][] = needed.map((_, index) => [1, at(1 + index)]);
  if (runpath !== undefined) tags.push([29, at(1 + needed.length)]);
  if (rpath !== undefined) tags.push([15, at(2 + needed.length)]);

  const dynamicAt = 64 + 3 * 56;
  const stringsAt = dynamicAt + (tags.length + 2) * 16;
  const text = strings.map((one) => `${one}\0`).join('');
  const bytes = Buffer.alloc(stringsAt + text.length);
  bytes.write('\x7fELF\x02\x01\x01', 'latin1');
  bytes.writeUInt16LE(machine, 18);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(interpreter === undefined ? 2 : 3, 56);
  writeSegment(bytes, 0, 1, 0, bytes.length);
  writeSegment(bytes, 1, 2, dynamicAt, (tags.length + 2) * 16);
  writeSegment(bytes, 2, 3, stringsAt + at(3 + needed.length), (interpreter ?? '').length + 1);
  for (const [index, [tag, value]] of [...tags, [5, stringsAt] as const].entries()) {
    bytes.writeBigUInt64LE(BigInt(tag), dynamicAt + index * 16);
    bytes.writeBigUInt64LE(BigInt(value), dynamicAt + index * 16 + 8);
  }
  bytes.write(text, stringsAt, 'latin1');
  return bytes;
}

function writeSegment(bytes: Buffer, index: number, type: number, offset: number, size: number): void {
  const at = 64 + index * 56;
  bytes.writeUInt32LE(type, at);
  bytes.writeBigUInt64LE(BigInt(offset), at + 8);
  bytes.writeBigUInt64LE(BigInt(offset), at + 16);
  bytes.writeBigUInt64LE(BigInt(size), at + 32);
}
