// Writes archives in the pax form of tar (POSIX.1-2001): https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html

const blockBytes = 512;
const typeFlags = { file: '0', link: '2', folder: '5', pax: 'x' } as const;
/** What the fields of a header hold. */
const longestName = 100;
const longestLink = 100;
const greatestSize = 8 ** 11 - 1;

export interface TarEntry {
  readonly kind: 'file' | 'link' | 'folder';
  /** Relative, without a slash at its end. */
  readonly name: string;
  /** Bytes of a file that follow; 0 for others. */
  readonly size: number;
  /** Target of a symbolic link. */
  readonly target?: string;
  readonly mode?: number;
  /** Seconds since 1970. Default: 0, so that equal contents make equal archives. */
  readonly mtime?: number;
}

/** The header of an entry. A file's bytes and their padding follow. */
export function tarHeader(entry: TarEntry): Buffer {
  const { kind, size, target = '', mtime = 0 } = entry;
  const name = kind === 'folder' ? `${entry.name}/` : entry.name;
  const records = [
    ...(Buffer.byteLength(name) > longestName ? [record('path', name)] : []),
    ...(Buffer.byteLength(target) > longestLink ? [record('linkpath', target)] : []),
    ...(size > greatestSize ? [record('size', String(size))] : []),
  ].join('');
  const mode = entry.mode ?? (kind === 'file' ? 0o644 : 0o755);
  const header = block({
    ...{ name, target, mode, mtime },
    type: typeFlags[kind],
    size: size > greatestSize ? 0 : size,
  });
  if (records === '') return header;
  const bytes = Buffer.byteLength(records);
  const pax = block({ name: 'pax', target: '', mode: 0o644, mtime: 0, type: typeFlags.pax, size: bytes });
  return Buffer.concat([pax, Buffer.from(records), tarPadding(bytes), header]);
}

/** What follows a file's bytes. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes);
}

/** What follows the last entry. */
export function tarEnd(): Buffer {
  return Buffer.alloc(2 * blockBytes);
}

interface Block {
  readonly name: string;
  readonly target: string;
  readonly mode: number;
  readonly mtime: number;
  readonly type: string;
  readonly size: number;
}

function block({ name, target, mode, mtime, type, size }: Block): Buffer {
  const bytes = Buffer.alloc(blockBytes);
  bytes.write(name, 0, longestName);
  for (const [value, offset, length] of [
    [mode, 100, 8],
    [0, 108, 8], // uid
    [0, 116, 8], // gid
    [size, 124, 12],
    [mtime, 136, 12],
  ] as const)
    bytes.write(octal(value, length), offset);
  bytes.fill(' ', 148, 156);
  bytes.write(type, 156);
  bytes.write(target, 157, longestLink);
  bytes.write('ustar\x0000', 257, 'latin1');
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}

function octal(value: number, length: number): string {
  return `${value.toString(8).padStart(length - 1, '0')}\0`;
}

/** LENGTH KEY=VALUE, where the length counts itself. */
function record(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  if (String(length).length !== String(rest).length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}
