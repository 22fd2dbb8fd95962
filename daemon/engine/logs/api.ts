/** Logs of containers, as the edge uses them. */
export interface LogService {
  /** Ends at the end of the log, with follow at the end of the container, or when aborted. */
  read(container: string, options: ReadLogsOptions, signal: AbortSignal): AsyncIterable<readonly LogEntry[]>;
}

export interface LogEntry {
  /** Nanoseconds since the epoch. */
  readonly timeNs: bigint;
  readonly stream: 'stdout' | 'stderr';
  /** Includes the newline if the line is complete. */
  readonly data: Buffer;
  /** Bytes of the stream that could not be logged. If not 0, the entry stands for this gap and has no data. */
  readonly lostBytes: number;
  /** Files of the log before this entry that were removed before they were read. */
  readonly skippedFiles: number;
  /** The place in the log after it. */
  readonly segment: number;
  readonly offset: number;
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
