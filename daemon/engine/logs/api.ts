import type { PlacedEntry } from '../../storage/logfile/reader.ts';

/** Logs of containers, as the edge uses them. */
export interface LogService {
  /** Ends at the end of the log, with follow at the end of the container, or when aborted. */
  read(container: string, options: ReadLogsOptions, signal: AbortSignal): AsyncIterable<readonly LogEntry[]>;
}

/** An entry, and the place in the log after it. `timeNs` is nanoseconds since the epoch. */
export interface LogEntry extends Omit<PlacedEntry, 'text' | 'partial'> {
  /** Includes the newline if the line is complete; empty for a gap. */
  readonly data: Buffer;
}

export interface ReadLogsOptions {
  /** The place to begin at; null: at the beginning, or as `tail` says. */
  readonly after: { readonly segment: number; readonly offset: number } | null;
  readonly follow: boolean;
  /** Null: all lines. */
  readonly tail: number | null;
  /** Nanoseconds since the epoch; null: no bound. */
  readonly sinceNs: bigint | null;
  readonly untilNs: bigint | null;
}
