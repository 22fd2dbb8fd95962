import { LikerError } from '../../../common/errors.ts';
import { own } from '../../../common/own.ts';
import { atTheLatest } from '../../loop/sync.ts';
import { Slices } from '../../loop/turns.ts';
import { type Filter, type FilterTests, hasLabel, matcher } from '../filter.ts';
import type { EventRecord } from './event.ts';
import type { EventRange, Journal } from './journal.ts';

export interface SubscribeOptions {
  /** Null: from the next event, or from `sinceMs` when that is set. */
  readonly sinceSeq: number | null;
  /** The store that sinceSeq belongs to; empty: not known. */
  readonly storeId: string;
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
  readonly follow: boolean;
  readonly filters: readonly Filter[];
}

export type EventService = ReturnType<typeof eventService>;

export function eventService(journal: Journal) {
  return {
    subscribe: (options: SubscribeOptions, signal: AbortSignal) => subscribe(journal, options, signal),
    range: () => journal.range,
  };
}

const pageSize = 200;

/**
 * Replays events and follows. All are read from the store by number, so that none is lost in between.
 * Errors: EVENTS_TRIMMED when events after sinceSeq are no longer kept, EVENTS_UNKNOWN when there is no event of that number yet.
 */
export async function* subscribe(
  journal: Journal,
  options: SubscribeOptions,
  signal: AbortSignal,
): AsyncIterable<EventRecord> {
  let seq = firstSeq(journal, options);
  const wanted = matcher(options.filters, tests);
  // Of a hundred thousand events, none may match.
  const slices = new Slices();
  for (;;) {
    const more = journal.appended.next(signal).catch(() => {});
    for (;;) {
      const page = journal.eventsAfter(seq, pageSize);
      if (page.length === 0) break;
      if (slices.over) await slices.next();
      for (const event of page) {
        seq = event.seq;
        if (inTime(event, options) && wanted(event)) yield event;
        if (signal.aborted) return;
      }
    }
    if (!options.follow || signal.aborted || (options.untilMs !== null && Date.now() >= options.untilMs))
      return;
    await atTheLatest(more, options.untilMs);
  }
}

/** Every event is checked: after the clock was set, times are not in order. */
function inTime({ time }: EventRecord, { sinceMs, untilMs }: SubscribeOptions): boolean {
  return (sinceMs === null || time >= sinceMs) && (untilMs === null || time < untilMs);
}

function firstSeq(journal: Journal, options: SubscribeOptions): number {
  const { range } = journal;
  if (options.sinceSeq !== null) {
    const isOther = options.storeId !== '' && options.storeId !== range.storeId;
    if (isOther || options.sinceSeq > range.last) throw unknownEvents(options.sinceSeq, isOther, range);
    if (options.sinceSeq > 0 && options.sinceSeq < range.oldest - 1) {
      throw new LikerError(
        'EVENTS_TRIMMED',
        `Cannot replay events after ${options.sinceSeq}: the oldest that is kept is ${range.oldest}; start from there`,
        { metadata: { oldest_seq: String(range.oldest), since_seq: String(options.sinceSeq) } },
      );
    }
    return options.sinceSeq;
  }
  if (options.sinceMs !== null) return journal.seqBefore(options.sinceMs);
  // With an end and no beginning: everything up to the end.
  return options.untilMs !== null && !options.follow ? 0 : range.last;
}

function unknownEvents(since: number, isOther: boolean, { last, storeId }: EventRange): LikerError {
  const why = isOther ? 'the number belongs to another store' : `the newest has number ${last}`;
  return new LikerError(
    'EVENTS_UNKNOWN',
    `Cannot replay events after ${since}: ${why}; start again without a number`,
    { metadata: { last_seq: String(last), since_seq: String(since), store_id: storeId } },
  );
}

/** Kinds of things that Docker has events about and Liker has none yet. */
const foreignTypes = ['config', 'network', 'node', 'plugin', 'secret', 'service', 'volume'];

const about =
  (wanted: string) =>
  (value: string) =>
  ({ subject: { type, id, name } }: EventRecord) =>
    type === wanted && (name === value || (value !== '' && id.startsWith(value)));

const tests: FilterTests<EventRecord> = {
  // As in Docker: health_status alone means every status.
  event: (value) => (event) =>
    event.action === value || (value === 'health_status' && event.action.startsWith(`${value}: `)),
  label: (value) => (event) => hasLabel(event.attributes, value),
  type: (value) => (event) => event.subject.type === value,
  // Events of the image itself, and of containers that were made from it.
  image: (value) => (event) => about('image')(value)(event) || own(event.attributes, 'image') === value,
  scope: (value) => () => value === 'local',
  container: about('container'),
  // There is one, whatever it is called.
  daemon: () => (event) => event.subject.type === 'daemon',
  ...Object.fromEntries(foreignTypes.map((type) => [type, about(type)])),
};
