import { badArgument, LikerError } from '../../../common/errors.ts';
import { own } from '../../../common/own.ts';
import { untilTime } from '../../loop/sync.ts';
import { Slices } from '../../loop/turns.ts';
import type { EventRecord, Filter, SubscribeOptions } from '../api.ts';
import { hasLabel } from '../containers/model/filter.ts';
import type { Ledger } from './ledger.ts';

const pageSize = 200;

/**
 * Replays events and follows: always read from the store by number, so that nothing is lost between the two.
 * Errors: EVENTS_TRIMMED when events after sinceSeq are no longer kept, EVENTS_UNKNOWN when there is no event of that number yet.
 */
export async function* subscribe(
  ledger: Ledger,
  options: SubscribeOptions,
  signal: AbortSignal,
): AsyncIterable<EventRecord> {
  let seq = firstSeq(ledger, options);
  const wanted = eventFilter(options.filters);
  // A hundred thousand may be kept, of which none is wanted.
  const slices = new Slices();
  for (;;) {
    const more = ledger.events.next(signal).catch(() => {});
    for (let page = ledger.after(seq, pageSize); page.length > 0; page = ledger.after(seq, pageSize)) {
      if (slices.over) await slices.next();
      for (const event of page) {
        seq = event.seq;
        if (inTime(event, options) && wanted(event)) yield event;
        if (signal.aborted) return;
      }
    }
    if (!options.follow || signal.aborted || (options.untilMs !== null && Date.now() >= options.untilMs))
      return;
    const woken = new AbortController();
    await (options.untilMs === null ? more : Promise.race([more, untilTime(options.untilMs, woken.signal)]));
    woken.abort();
  }
}

/** Each for itself: a clock that was set leaves events whose times are not in their order. */
function inTime({ time }: EventRecord, { sinceMs, untilMs }: SubscribeOptions): boolean {
  return (sinceMs === null || time >= sinceMs) && (untilMs === null || time < untilMs);
}

function firstSeq(ledger: Ledger, options: SubscribeOptions): number {
  const { id: storeId, oldestSeq, lastSeq } = ledger.store;
  if (options.sinceSeq !== null) {
    const isOther = options.storeId !== '' && options.storeId !== storeId;
    if (isOther || options.sinceSeq > lastSeq)
      throw unknownEvents(options.sinceSeq, { isOther, lastSeq, storeId });
    if (options.sinceSeq > 0 && options.sinceSeq < oldestSeq - 1) {
      throw new LikerError(
        'EVENTS_TRIMMED',
        `Cannot replay events after ${options.sinceSeq}: the oldest that is kept is ${oldestSeq}; start from there`,
        { metadata: { oldest_seq: String(oldestSeq), since_seq: String(options.sinceSeq) } },
      );
    }
    return options.sinceSeq;
  }
  if (options.sinceMs !== null) return ledger.store.seqBefore(options.sinceMs);
  // A bound in the past without a beginning asks for what there is up to it.
  return options.untilMs !== null && !options.follow ? 0 : lastSeq;
}

function unknownEvents(
  since: number,
  {
    isOther,
    lastSeq,
    storeId,
  }: { readonly isOther: boolean; readonly lastSeq: number; readonly storeId: string },
): LikerError {
  const why = isOther ? 'the number is of another store' : `the newest has number ${lastSeq}`;
  return new LikerError(
    'EVENTS_UNKNOWN',
    `Cannot replay events after ${since}: ${why}; start again without a number`,
    { metadata: { last_seq: String(lastSeq), since_seq: String(since), store_id: storeId } },
  );
}

/** The last are Docker's kinds of things that Liker does not have: no event is about them. */
const keys = [
  ...['container', 'event', 'label', 'type', 'image', 'scope', 'daemon'],
  ...['config', 'network', 'node', 'plugin', 'secret', 'service', 'volume'],
];

/** Of one key's values any, of labels and of all keys each. */
function eventFilter(filters: readonly Filter[]): (event: EventRecord) => boolean {
  const byKey = Map.groupBy(filters, (filter) => filter.key);
  for (const key of byKey.keys()) {
    if (!keys.includes(key))
      throw badArgument('filters', `Unknown filter '${key}': use one of ${keys.join(', ')}`);
  }
  return (event) =>
    [...byKey].every(([key, values]) => {
      const one = ({ value }: Filter) => fits(event, key, value);
      return key === 'label' ? values.every(one) : values.some(one);
    });
}

function fits(event: EventRecord, key: string, value: string): boolean {
  switch (key) {
    case 'container':
      return event.containerName === value || (value.length > 0 && event.containerId.startsWith(value));
    case 'event':
      // As Docker has it: health_status alone is every status.
      return event.action === value || (value === 'health_status' && event.action.startsWith(`${value}: `));
    case 'label':
      return hasLabel(event.attributes, value);
    case 'type':
      return value === (event.containerId ? 'container' : 'daemon');
    case 'image':
      return own(event.attributes, 'image') === value;
    case 'scope':
      return value === 'local';
    case 'daemon':
      return event.containerId === '';
    default:
      return false;
  }
}
