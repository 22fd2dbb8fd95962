import { setImmediate } from 'node:timers/promises';
import { LikerError } from '../../common/errors.ts';
import { LogReader, type PlacedEntry } from '../kernel/logfile/reader.ts';
import type { LogEntry, ReadLogsOptions } from './api.ts';
import type { Container } from './container/container.ts';
import { livePhase } from './container/phase.ts';
import type { EngineContext } from './context.ts';
import { untilTime } from './sync.ts';

const lineEnd = Buffer.from('\n');

/**
 * Reads a container's log, and with follow goes on until the container ends; one that never ran, or is about to run again,
 * is waited for. Each batch fits a message.
 */
export async function* readLogs(
  context: EngineContext,
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
  using reader = new LogReader(context.layers.folders(container.id).log, options.after);
  if (options.tail !== null && options.after === null) yield* lastLines(reader, options.tail, options);
  for (;;) {
    // Before the read: what is written by then is read, what comes later wakes.
    const live = livePhase(container.phase) !== null || container.ending !== null;
    const wakes = live ? container.output : container.changed;
    const more = options.follow ? wakes.next(signal).catch(() => {}) : null;
    for (let batch = reader.read(); batch !== null; batch = reader.read()) {
      const entries = batch.filter((entry) => inRange(entry, options)).map(toEntry);
      if (entries.length > 0) yield entries;
      if (signal.aborted) return;
      await setImmediate();
    }
    // By the clock and not by what was read: one that was set leaves entries whose times are not in their order.
    const isPast = options.untilNs !== null && BigInt(Date.now()) * 1_000_000n >= options.untilNs;
    const isOver = !live && container.phase.state === 'exited';
    if (!more || isOver || isPast || container.removed || signal.aborted) return;
    await (options.untilNs === null ? more : earlier(more, options.untilNs));
  }
}

/** Resolves when there is more, or when the time has come, also if nothing is written until then. */
async function earlier(more: Promise<void>, untilNs: bigint): Promise<void> {
  const woken = new AbortController();
  await Promise.race([more, untilTime(Number(untilNs / 1_000_000n) + 1, woken.signal)]);
  woken.abort();
}

/** Reads to the end and answers the last `count` lines; a line's parts belong together. */
async function* lastLines(
  reader: LogReader,
  count: number,
  range: ReadLogsOptions,
): AsyncIterable<readonly LogEntry[]> {
  let lines: LogEntry[][] = [];
  const open: Record<'stdout' | 'stderr', LogEntry[] | null> = { stdout: null, stderr: null };
  for (let batch = reader.read(); batch !== null; batch = reader.read()) {
    for (const parsed of batch) {
      if (!inRange(parsed, range)) continue;
      if (parsed.lostBytes > 0) {
        lines.push([toEntry(parsed)]);
        continue;
      }
      let line = open[parsed.stream];
      if (!line) {
        line = [];
        lines.push(line);
      }
      line.push(toEntry(parsed));
      open[parsed.stream] = parsed.partial ? line : null;
    }
    // Twice what is asked for before it is cut, so that cutting stays cheap.
    if (lines.length > 2 * count + 1000) lines = lines.slice(-count);
    await setImmediate();
  }
  // In the order of the log: a place in it divides what was sent from what was not.
  const wanted = count === 0 ? [] : lines.slice(-count).flat().sort(inLogOrder);
  for (let start = 0; start < wanted.length; start += 512) yield wanted.slice(start, start + 512);
}

function inLogOrder(a: LogEntry, b: LogEntry): number {
  return a.segment - b.segment || a.offset - b.offset;
}

function inRange(entry: PlacedEntry, range: ReadLogsOptions): boolean {
  return (
    (range.sinceNs === null || entry.timeNs >= range.sinceNs) &&
    (range.untilNs === null || entry.timeNs < range.untilNs)
  );
}

function toEntry(entry: PlacedEntry): LogEntry {
  return {
    timeNs: entry.timeNs,
    stream: entry.stream,
    data: entry.partial || entry.lostBytes > 0 ? entry.text : Buffer.concat([entry.text, lineEnd]),
    lostBytes: entry.lostBytes,
    segment: entry.segment,
    offset: entry.offset,
  };
}
