import { LikerError } from '../../common/errors.ts';

/** What the dynamic loader reads in an ELF file (elf(5), ld.so(8)). */
export interface ElfFile {
  /** e_machine: libraries for another processor are skipped. */
  readonly machine: number;
  /** PT_INTERP: the path of the loader; libraries and static programs have none. */
  readonly interpreter: string | undefined;
  /** DT_NEEDED, in order. */
  readonly needed: readonly string[];
  /** DT_RPATH and DT_RUNPATH, split at colons, with $ORIGIN not yet replaced. */
  readonly rpath: readonly string[];
  readonly runpath: readonly string[];
}

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_RPATH = 15;
const DT_RUNPATH = 29;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

export function isElf(bytes: Buffer): boolean {
  return bytes.length >= 4 && bytes.readUInt32BE(0) === 0x7f454c46;
}

/**
 * Reads a 64-bit little-endian ELF file, the only kind on x86-64 and ARM64. `name` is for the text of errors. Throws BAD_ROOTFS if the
 * file is of another kind, cut off or damaged.
 */
export function readElf(bytes: Buffer, name: string): ElfFile {
  if (!isElf(bytes)) throw unreadable(name, 'it is not an ELF file');
  if (bytes[4] !== 2 || bytes[5] !== 1) throw unreadable(name, 'it is not a 64-bit little-endian ELF file');
  try {
    return parse(bytes);
  } catch (cause) {
    // Buffer checks the bounds of every read.
    if (cause instanceof RangeError) throw unreadable(name, 'the ELF file is damaged or cut off', cause);
    throw cause;
  }
}

function unreadable(name: string, why: string, cause?: unknown): LikerError {
  return new LikerError('BAD_ROOTFS', `Cannot read the libraries that '${name}' needs: ${why}`, {
    metadata: { file: name },
    cause,
  });
}

function parse(bytes: Buffer): ElfFile {
  const segments = readSegments(bytes);
  const interpreter = segments.find(({ type }) => type === PT_INTERP);
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  const entries = dynamic === undefined ? [] : readDynamic(bytes, dynamic);
  const strings = entries.find(({ tag }) => tag === DT_STRTAB);
  const table = strings === undefined ? 0 : fileOffset(segments, strings.value);
  const texts = (wanted: number): string[] =>
    entries.filter(({ tag }) => tag === wanted).map(({ value }) => readString(bytes, table + value));
  const paths = (wanted: number): string[] =>
    texts(wanted).flatMap((text) => text.split(':').filter(Boolean));

  return {
    machine: bytes.readUInt16LE(18),
    interpreter: interpreter && readString(bytes, interpreter.offset),
    needed: texts(DT_NEEDED),
    rpath: paths(DT_RPATH),
    runpath: paths(DT_RUNPATH),
  };
}

function readSegments(bytes: Buffer): Segment[] {
  const start = readNumber(bytes, 32);
  const entrySize = bytes.readUInt16LE(54);
  return Array.from({ length: bytes.readUInt16LE(56) }, (_, index) => {
    const at = start + index * entrySize;
    return {
      type: bytes.readUInt32LE(at),
      offset: readNumber(bytes, at + 8),
      address: readNumber(bytes, at + 16),
      size: readNumber(bytes, at + 32),
    };
  });
}

function readDynamic(bytes: Buffer, { offset, size }: Segment): { tag: number; value: number }[] {
  const entries = [];
  for (let at = offset; at < offset + size; at += 16) {
    const tag = readNumber(bytes, at);
    if (tag === 0) break;
    entries.push({ tag, value: Number(bytes.readBigUInt64LE(at + 8)) });
  }
  return entries;
}

/** The offset in the file of an address in memory, such as DT_STRTAB, by the segment that is loaded there. */
function fileOffset(segments: readonly Segment[], address: number): number {
  const segment = segments.find(
    (one) => one.type === PT_LOAD && address >= one.address && address < one.address + one.size,
  );
  if (segment === undefined) throw new RangeError(`No segment holds address ${address}`);
  return address - segment.address + segment.offset;
}

function readNumber(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at));
}

function readString(bytes: Buffer, at: number): string {
  const end = bytes.indexOf(0, at);
  if (end < 0 || at >= bytes.length) throw new RangeError('A string runs past the end of the file');
  return bytes.toString('latin1', at, end);
}
