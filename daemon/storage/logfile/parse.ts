/**
 * One entry of a log in the CRI format: `TIME STREAM TAG TEXT\n`. The tag is F for a complete line, P for a part of one, and F:lost
 * for a gap, whose text is the number of missing bytes.
 */
export interface ParsedEntry {
  readonly timeNs: bigint;
  readonly stream: 'stdout' | 'stderr';
  /** More of the line follows. */
  readonly partial: boolean;
  readonly text: Buffer;
  /** Bytes of the stream that could not be logged. If not 0, the entry stands for this gap and has no text. */
  readonly lostBytes: number;
}

const space = 0x20;
const lostTag = 'F:lost';

/** Parses one line without its newline; null when it is malformed (a torn write). */
export function parseEntry(line: Buffer): ParsedEntry | null {
  const timeEnd = line.indexOf(space);
  const streamEnd = line.indexOf(space, timeEnd + 1);
  const tagEnd = line.indexOf(space, streamEnd + 1);
  if (timeEnd < 0 || streamEnd < 0 || tagEnd < 0) return null;
  const timeNs = parseTime(line.toString('latin1', 0, timeEnd));
  const stream = line.toString('latin1', timeEnd + 1, streamEnd);
  const tag = line.toString('latin1', streamEnd + 1, tagEnd);
  if (timeNs === null || (stream !== 'stdout' && stream !== 'stderr') || !['F', 'P', lostTag].includes(tag))
    return null;
  const text = line.subarray(tagEnd + 1);
  if (tag !== lostTag) return { timeNs, stream, partial: tag === 'P', text, lostBytes: 0 };
  return {
    timeNs,
    stream,
    partial: false,
    text: Buffer.alloc(0),
    lostBytes: parseCount(text.toString('latin1')),
  };
}

/** 0 for what the shim does not write, such as the rest of a torn write. */
function parseCount(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  return Number.isSafeInteger(count) ? count : 0;
}

/** Nanoseconds since the epoch for an RFC 3339 time in UTC with up to nine digits of a second. */
function parseTime(text: string): bigint | null {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(text);
  if (!match?.[1]) return null;
  const ms = Date.parse(`${match[1]}Z`);
  if (Number.isNaN(ms)) return null;
  return BigInt(ms) * 1_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
}
