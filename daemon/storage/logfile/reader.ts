import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { type ParsedEntry, parseEntry } from './parse.ts';

/** A place between two entries. */
export interface LogPlace {
  readonly segment: number;
  /** Bytes from the beginning of the segment. */
  readonly offset: number;
}

/** An entry and the place after it. */
export interface PlacedEntry extends ParsedEntry, LogPlace {
  /** Files before it that the writer removed before this reader came to them. */
  readonly skippedFiles: number;
}

/** A file of the log. `fd` is set if it is already open. */
interface Segment {
  readonly number: number;
  readonly name: string;
  readonly fd?: number;
}

const chunkBytes = 256 * 1024;
const newline = 0x0a;

/**
 * Reads a container's log from its first segment to its last, and continues where it stopped when more was written.
 * Segments are files NUMBER.log, which grow until the next one begins. The writer removes the oldest.
 */
export class LogReader {
  readonly #folder: string;
  #segment = 0;
  #fd = -1;
  /** Bytes read from the segment. */
  #offset = 0;
  #rest: Buffer = Buffer.alloc(0);
  /** The number of the next file if none is removed; 0: any number may come. */
  #expected = 0;
  /** For the next entry. */
  #skippedFiles = 0;
  /** The files still to be read of a folder that is removed. */
  #held: Required<Segment>[] | null = null;

  /** `after`: where to begin. If its segment has been removed, the next one that exists. */
  constructor(folder: string, after: LogPlace | null = null) {
    this.#folder = folder;
    if (!after) return;
    this.#segment = after.segment - 1;
    this.#expected = after.segment;
    if (this.#open() && this.#segment === after.segment) this.#offset = after.offset;
  }

  [Symbol.dispose](): void {
    this.#close();
    for (const { fd } of this.#held?.splice(0) ?? []) closeSync(fd);
  }

  /** The folder is about to be removed: opens the remaining files, so that they can be read to the end. */
  hold(): void {
    if (this.#held) return;
    const held: Required<Segment>[] = [];
    for (const segment of this.#later()) {
      try {
        held.push({ ...segment, fd: openSync(join(this.#folder, segment.name), 'r') });
      } catch {
        // It counts as removed by the writer.
      }
    }
    this.#held = held.sort((a, b) => a.number - b.number);
  }

  #close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  /** The entries of the next chunk, which may be none; null when everything written has been read. */
  read(): PlacedEntry[] | null {
    for (;;) {
      if (this.#fd < 0 && !this.#open()) return null;
      const chunk = this.#more();
      if (chunk.length > 0) return this.#cut(chunk);
      if (this.#next() === null) return null;
      // The writer begins a segment only when it is done with the one before. Whatever it wrote after our last read, and before
      // we saw the next segment, comes first.
      const last = this.#more();
      if (last.length > 0) return this.#cut(last);
      this.#close();
    }
  }

  #more(): Buffer {
    const buffer = Buffer.allocUnsafe(chunkBytes);
    const bytes = readSync(this.#fd, buffer, 0, chunkBytes, this.#offset);
    this.#offset += bytes;
    return buffer.subarray(0, bytes);
  }

  #open(): boolean {
    const next = this.#next();
    if (next === null) return false;
    try {
      this.#fd = this.#held?.shift()?.fd ?? openSync(join(this.#folder, next.name), 'r');
    } catch (error) {
      // The writer has removed it since we listed it.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return this.#open();
      throw error;
    }
    if (this.#expected > 0) this.#skippedFiles += next.number - this.#expected;
    this.#segment = next.number;
    this.#expected = next.number + 1;
    this.#offset = 0;
    this.#rest = Buffer.alloc(0);
    return true;
  }

  /** The segment after the current one; null when there is none. */
  #next(): Segment | null {
    if (this.#held) return this.#held[0] ?? null;
    let found: Segment | null = null;
    for (const segment of this.#later()) if (!found || segment.number < found.number) found = segment;
    return found;
  }

  /** The segments after the current one, in no particular order. */
  #later(): Segment[] {
    let names: string[];
    try {
      names = readdirSync(this.#folder);
    } catch {
      return [];
    }
    return names
      .map((name) => ({ name, number: Number(/^(\d+)\.log$/.exec(name)?.[1] ?? 0) }))
      .filter(({ number }) => number > this.#segment);
  }

  #cut(chunk: Buffer): PlacedEntry[] {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    const entries: PlacedEntry[] = [];
    const [segment, first] = [this.#segment, this.#offset - bytes.length];
    let start = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
      const entry = parseEntry(bytes.subarray(start, end));
      if (entry) {
        entries.push({ ...entry, segment, offset: first + end + 1, skippedFiles: this.#skippedFiles });
        this.#skippedFiles = 0;
      }
      start = end + 1;
    }
    this.#rest = bytes.subarray(start);
    return entries;
  }
}
