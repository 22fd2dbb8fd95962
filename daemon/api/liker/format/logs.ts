import type { LogEntryInput } from '../../../../proto/gen/types/liker/v1/LogEntry.ts';
import type { ReadLogsResponseInput } from '../../../../proto/gen/types/liker/v1/ReadLogsResponse.ts';
import type { LogEntry } from '../../../engine/logs/api.ts';
import { timestampOfNs } from './time.ts';

/** A message holds about as much, so that none grows too large and a slow client costs little memory. */
const maxBatchBytes = 256 * 1024;

export function* formatLogBatch(entries: readonly LogEntry[]): Generator<ReadLogsResponseInput> {
  let batch: LogEntryInput[] = [];
  let bytes = 0;
  for (const entry of entries) {
    batch.push(formatLogEntry(entry));
    bytes += entry.data.length + 32;
    if (bytes < maxBatchBytes) continue;
    yield { entries: batch, cursor: logCursor(entry) };
    batch = [];
    bytes = 0;
  }
  const last = entries.at(-1);
  if (last && batch.length > 0) yield { entries: batch, cursor: logCursor(last) };
}

function logCursor({ segment, offset }: LogEntry): string {
  return `${segment}-${offset}`;
}

function formatLogEntry({ timeNs, stream, data, lostBytes, skippedFiles }: LogEntry): LogEntryInput {
  return {
    time: timestampOfNs(timeNs),
    stream: stream === 'stdout' ? 'LOG_STREAM_STDOUT' : 'LOG_STREAM_STDERR',
    data,
    lostBytes,
    skippedFiles,
  };
}
