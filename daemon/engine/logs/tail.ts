import { setImmediate } from 'node:timers/promises';
import { type LogPlace, LogReader, type PlacedEntry } from '../../storage/logfile/reader.ts';

type Stream = PlacedEntry['stream'];
type IsInRange = (entry: PlacedEntry) => boolean;

/** Where the last lines of a log begin. */
interface TailStart {
  readonly place: LogPlace;
  /** The stream with an earlier line that continues after `place`: the rest of that line is to be skipped. */
  readonly passOver: Stream | null;
}

/** The beginning of a line, with the state of a scan before it. */
interface Line extends TailStart {
  /** The number of lines before it. */
  readonly index: number;
  readonly open: Readonly<Record<Stream, boolean>>;
}

/** Finds the lines of a log. The parts of a line belong together even if another stream writes in between. */
class LineScan {
  readonly #isInRange: IsInRange;
  #open: Readonly<Record<Stream, boolean>> = { stdout: false, stderr: false };
  lines = 0;
  /** The place after the last entry. */
  place: LogPlace | null = null;

  /** `from`: the line that comes next, as found by an earlier scan. */
  constructor(isInRange: IsInRange, from?: Line) {
    this.#isInRange = isInRange;
    if (!from) return;
    this.#open = from.open;
    this.lines = from.index;
    this.place = from.place;
  }

  /** The line that begins with this entry, or null. */
  take(entry: PlacedEntry): Line | null {
    const { stream, segment } = entry;
    const place = this.place?.segment === segment ? this.place : { segment, offset: 0 };
    this.place = { segment, offset: entry.offset };
    if (!this.#isInRange(entry)) return null;
    const open = this.#open;
    const isGap = entry.lostBytes > 0;
    if (!isGap && open[stream] !== entry.partial) this.#open = { ...open, [stream]: entry.partial };
    if (!isGap && open[stream]) return null;
    const other = stream === 'stdout' ? 'stderr' : 'stdout';
    return { place, passOver: open[other] ? other : null, index: this.lines++, open };
  }
}

const maxMarks = 1000;

/** A bounded number of lines of a log, evenly spread. Any other line is found by a short scan from the mark before it. */
export class LineMarks<Marked extends { readonly index: number }> {
  #every = 1;
  #marks: Marked[] = [];

  get size(): number {
    return this.#marks.length;
  }

  /** To be called with every line, in order. */
  add(line: Marked): void {
    if (line.index % this.#every !== 0) return;
    this.#marks.push(line);
    if (this.#marks.length <= maxMarks) return;
    this.#every *= 2;
    this.#marks = this.#marks.filter(({ index }) => index % this.#every === 0);
  }

  /** The last mark at or before the line with this index. */
  before(index: number): Marked | undefined {
    return this.#marks.findLast((mark) => mark.index <= index);
  }
}

/**
 * Where the last `count` lines in range begin; null: at the beginning. Reads the log to its end, then again from a mark to the
 * line. It keeps no text and not the place of every line: there may be millions of lines, and one may be as long as the log.
 */
export async function lastLines(
  folder: string,
  count: number,
  isInRange: IsInRange,
): Promise<TailStart | null> {
  const marks = new LineMarks<Line>();
  const scan = new LineScan(isInRange);
  for await (const entries of chunksOf(folder)) {
    for (const entry of entries) {
      const line = scan.take(entry);
      if (line) marks.add(line);
    }
  }
  if (count === 0) return scan.place && { place: scan.place, passOver: null };
  const mark = marks.before(scan.lines - count);
  if (!mark) return null;
  const again = new LineScan(isInRange, mark);
  for await (const entries of chunksOf(folder, mark.place)) {
    for (const entry of entries) {
      // The writer has removed lines that were already counted.
      if (entry.skippedFiles > 0) return lastLines(folder, count, isInRange);
      const line = again.take(entry);
      if (line?.index === scan.lines - count) return line;
    }
  }
  return { place: mark.place, passOver: mark.passOver };
}

async function* chunksOf(folder: string, after: LogPlace | null = null): AsyncGenerator<PlacedEntry[]> {
  using reader = new LogReader(folder, after);
  for (let entries = reader.read(); entries !== null; entries = reader.read()) {
    yield entries;
    await setImmediate();
  }
}
