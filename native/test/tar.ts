/** An entry of a tar archive, as tests write it. What is left out is that of a regular file of root. */
export interface TarEntry {
  readonly name: string | Buffer;
  /** The type flag: 0 file, 1 hard link, 2 symbolic link, 3 and 4 devices, 5 folder, 6 pipe; others as they are. */
  readonly type?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds. */
  readonly mtime?: number;
  readonly data?: string | Buffer;
  /** Where it is not that of the data. */
  readonly size?: number;
  readonly target?: string | Buffer;
  readonly device?: readonly [number, number];
  /** Records of a pax header in front of the entry. */
  readonly pax?: Readonly<Record<string, string | Buffer>>;
  /** Puts names that are too long into GNU's entries in front of this one. */
  readonly gnu?: boolean;
  /** Changes the header before its checksum is computed. */
  readonly patch?: (header: Buffer) => void;
}

const block = 512;
export const tarTail = Buffer.alloc(2 * block);

/** An archive with its two blocks of zeros. */
export function tar(...entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.map(entryBytes), tarTail]);
}

/** The blocks of one entry, with what goes in front of it. */
export function entryBytes(entry: TarEntry): Buffer {
  const data = Buffer.from(entry.data ?? '');
  return Buffer.concat([before(entry), header(entry, entry.size ?? data.length), padded(data)]);
}

function before({ pax, gnu, name, target }: TarEntry): Buffer {
  const parts: Buffer[] = [];
  const add = (type: string, entryName: string, data: Buffer) =>
    parts.push(header({ name: entryName, type }, data.length), padded(data));
  if (pax) add('x', 'pax', Buffer.concat(Object.entries(pax).map(([key, value]) => paxRecord(key, value))));
  const text = (value: string | Buffer) => Buffer.concat([Buffer.from(value), Buffer.alloc(1)]);
  if (gnu && Buffer.from(name).length > 100) add('L', '././@LongLink', text(name));
  if (gnu && target && Buffer.from(target).length > 100) add('K', '././@LongLink', text(target));
  return Buffer.concat(parts);
}

/** "LENGTH key=value\n", where LENGTH counts its own digits. */
export function paxRecord(key: string, value: string | Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

export function header(entry: TarEntry, size: number): Buffer {
  const out = Buffer.alloc(block);
  Buffer.from(entry.name).copy(out, 0, 0, 100);
  putNumber(out, 100, 8, entry.mode ?? 0o644);
  putNumber(out, 108, 8, entry.uid ?? 0);
  putNumber(out, 116, 8, entry.gid ?? 0);
  putNumber(out, 124, 12, size);
  putNumber(out, 136, 12, entry.mtime ?? 1_000_000_000);
  out.write(entry.type ?? '0', 156, 'latin1');
  Buffer.from(entry.target ?? '').copy(out, 157, 0, 100);
  out.write(entry.gnu ? 'ustar  \0' : 'ustar\x0000', 257, 'latin1');
  const [major, minor] = entry.device ?? [0, 0];
  putNumber(out, 329, 8, major);
  putNumber(out, 337, 8, minor);
  entry.patch?.(out);
  putChecksum(out);
  return out;
}

/** Octal, or the binary form for what that has no room for. */
function putNumber(out: Buffer, at: number, width: number, value: number): void {
  if (value >= 0 && value < 8 ** (width - 1)) {
    out.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1');
    return;
  }
  out[at] = value < 0 ? 0xff : 0x80;
  out.fill(value < 0 ? 0xff : 0, at + 1, at + width);
  out.writeBigInt64BE(BigInt(value), at + width - 8);
  if (width === 8) out[at] = value < 0 ? 0xff : 0x80;
}

export function putChecksum(out: Buffer): void {
  out.fill(' ', 148, 156);
  const sum = out.reduce((total, byte) => total + byte, 0);
  out.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((block - (data.length % block)) % block)]);
}
