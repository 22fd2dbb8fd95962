import { setImmediate } from 'node:timers/promises';
import { LikerError } from '../../../common/errors.ts';
import { atTheLatest } from '../../loop/sync.ts';
import { LogReader, type PlacedEntry } from '../../storage/logfile/reader.ts';
import type { Container } from '../containers/model/container.ts';
import { livePhase } from '../containers/model/phase.ts';
import type { EngineContext } from '../context.ts';
import type { LogEntry, LogService, ReadLogsOptions } from './api.ts';
import { lastLines } from './tail.ts';

const lineEnd = Buffer.from('\n');

export function logService(context: EngineContext): LogService {
  return {
    read: (reference, options, signal) =>
      readLogs(context, context.registry.find(reference), options, signal),
  };
}

/**
 * Reads a container's log. With follow it continues until the container ends, and waits for one that has not run yet or is about to
 * restart. Each batch fits into a message.
 */
export async function* readLogs(
  context: { readonly folders: Pick<EngineContext['folders'], 'of'> },
  container: Container,
  options: ReadLogsOptions,
  signal: AbortSignal,
): AsyncIterable<readonly LogEntry[]> {
  if (container.spec.logDriver === 'none') {
    throw new LikerError(
      'WRONG_STATE',
      `Cannot read the log of container '${container.name}': it has none, since its log driver is 'none'`,
    );
  }
  const folder = context.folders.of(container.id).log;
  const start =
    options.tail !== null && options.after === null
      ? await lastLines(folder, options.tail, (entry) => inRange(entry, options))
      : null;
  let passOver = start?.passOver ?? null;
  const isWanted = (entry: PlacedEntry): boolean => {
    if (!inRange(entry, options)) return false;
    if (entry.stream !== passOver || entry.lostBytes > 0) return true;
    if (!entry.partial) passOver = null;
    return false;
  };
  let skippedFiles = 0;
  const toWanted = (entry: PlacedEntry): LogEntry[] => {
    skippedFiles += entry.skippedFiles;
    if (!isWanted(entry)) return [];
    const wanted = { ...toEntry(entry), skippedFiles };
    skippedFiles = 0;
    return [wanted];
  };
  using reader = new LogReader(folder, start?.place ?? options.after);
  container.logReaders.add(reader);
  container.run?.main?.clients.hear();
  using _ = {
    [Symbol.dispose]: () => {
      container.logReaders.delete(reader);
      container.run?.main?.clients.hear();
    },
  };
  for (;;) {
    // Subscribed before the read, so that no output falls between the two.
    const live = livePhase(container.phase) !== null || Boolean(container.run?.ending);
    const wakes = live ? container.output : container.changed;
    const more = options.follow ? wakes.next(signal).catch(() => {}) : null;
    for (let batch = reader.read(); batch !== null; batch = reader.read()) {
      const entries = batch.flatMap(toWanted);
      if (entries.length > 0) yield entries;
      if (signal.aborted) return;
      await setImmediate();
    }
    // By the clock, not by the entries: if the clock was set, their times are out of order.
    const isPast = options.untilNs !== null && BigInt(Date.now()) * 1_000_000n >= options.untilNs;
    const isOver = !live && container.phase.state === 'exited';
    if (!more || isOver || isPast || container.removed || signal.aborted) return;
    await atTheLatest(more, options.untilNs === null ? null : Number(options.untilNs / 1_000_000n) + 1);
  }
}

function inRange(entry: PlacedEntry, range: ReadLogsOptions): boolean {
  return (
    (range.sinceNs === null || entry.timeNs >= range.sinceNs) &&
    (range.untilNs === null || entry.timeNs < range.untilNs)
  );
}

function toEntry({ text, partial, ...entry }: PlacedEntry): LogEntry {
  return { ...entry, data: partial || entry.lostBytes > 0 ? text : Buffer.concat([text, lineEnd]) };
}
