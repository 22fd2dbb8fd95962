import { own } from '../../common/own.ts';
import type { Event } from '../../proto/gen/types/liker/v1/Event.ts';
import type { SubscribeRequestInput } from '../../proto/gen/types/liker/v1/SubscribeRequest.ts';
import type { Command, Invocation } from '../cli/command.ts';
import type { FlagValues } from '../cli/flag.ts';
import type { Connection } from '../connection/connection.ts';
import { events as eventService } from '../connection/methods.ts';
import { recordFormat } from '../format/record-format.ts';
import { goMap } from '../format/template-functions.ts';
import { rfc3339Nano } from '../format/timestamp.ts';
import { printText } from '../output/print.ts';
import { visible } from '../output/visible.ts';
import { defined } from '../request/defined.ts';
import { parseFilters } from './filters.ts';
import { timeFlag } from './time-flags.ts';

/** A number below this is an event's sequence number; from here on it is a time in Unix seconds. */
const leastUnixSeconds = 1_000_000_000;

export const events: Command = {
  name: 'events',
  usage: '',
  summary:
    'Print events as they happen, and with --since also past events; runs until it is stopped, or until --until',
  example: 'likerctl events --since 10m --until 0s',
  flags: [
    {
      name: 'filter',
      short: 'f',
      type: 'list',
      value: 'KEY=VALUE',
      help: 'Only matching events, by container, event, image, label, network or type',
    },
    { name: 'format', type: 'string', value: 'FORMAT', help: 'json, or a template' },
    {
      name: 'since',
      type: 'string',
      value: 'SEQ|TIME',
      help: 'Start after the event with this number, or at a time, such as 10m',
    },
    { name: 'until', type: 'string', value: 'TIME', help: 'Stop at a time' },
  ],
  operands: [0, 0],
  run: printEvents,
};

async function printEvents({ flags, context }: Invocation): Promise<number> {
  const until = timeFlag(flags, 'until');
  const print = eventPrinter(flags.text('format') ?? '');
  const request = {
    ...parseSince(flags),
    ...defined({ until }),
    // A time in the past only bounds the replay; a time in the future ends the stream when it comes.
    follow: until === undefined || until.seconds * 1000 > Date.now(),
    filters: parseFilters(flags.list('filter')),
  };
  const connection = await context.connect();
  let place = await beginning(connection, request);
  const asked = () => ({ ...request, ...place });
  const follows = { follows: request.follow };
  for await (const { event } of connection.messages(eventService.Subscribe, asked, follows)) {
    if (event === null) continue;
    printText(`${print(event)}\n`);
    place = { sinceSeq: event.seq, storeId: event.storeId };
  }
  return 0;
}

/** Where to begin, so that a connection lost before the first event loses no event. */
async function beginning(
  connection: Connection,
  { sinceSeq, since, follow }: SubscribeRequestInput,
): Promise<Pick<SubscribeRequestInput, 'sinceSeq' | 'storeId'>> {
  if (!follow || since || sinceSeq !== undefined) return {};
  const { lastSeq, storeId } = await connection.unary(eventService.GetLastSeq, {});
  return { sinceSeq: lastSeq, storeId };
}

function parseSince(flags: FlagValues): Pick<SubscribeRequestInput, 'since' | 'sinceSeq'> {
  const text = flags.text('since') ?? '';
  if (/^\d+$/.test(text) && Number(text) < leastUnixSeconds) return { sinceSeq: Number(text) };
  return defined({ since: timeFlag(flags, 'since') });
}

function eventPrinter(format: string): (event: Event) => string {
  if (format === '') return (event) => visible(eventLine(event));
  const show = recordFormat(format);
  return (event) => show(new EventRecord(event));
}

/** An event for templates and JSON: Docker's fields under both of their names, and the sequence number. */
class EventRecord {
  readonly Seq: number;
  readonly Type: string;
  readonly Action: string;
  readonly Status: string;
  readonly ID: string;
  readonly From: string;
  readonly Scope = 'local';
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly Time: number;
  readonly TimeNano: bigint;
  readonly TimeRFC3339: string;

  constructor(event: Event) {
    const { subjectId, action, time } = event;
    this.Seq = event.seq;
    this.Type = event.subjectType;
    this.Action = action;
    this.Status = action;
    this.ID = subjectId;
    this.From = own(event.attributes, 'image') ?? '';
    const attributes = Object.entries({ ...event.attributes, name: event.subjectName });
    this.Actor = { ID: subjectId, Attributes: goMap(attributes) };
    this.Time = time?.seconds ?? 0;
    this.TimeNano = BigInt(this.Time) * 1_000_000_000n + BigInt(time?.nanos ?? 0);
    this.TimeRFC3339 = rfc3339Nano(time);
  }

  toJSON(): object {
    const { Status: status, ID: id, From: from, Type, Action, Actor, Scope: scope, Time: time } = this;
    return { status, id, from, Type, Action, Actor, scope, time, timeNano: this.TimeNano, Seq: this.Seq };
  }
}

function eventLine(event: Event): string {
  const attributes = Object.entries({ ...event.attributes, name: event.subjectName })
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `${key}=${value}`);
  const who = event.subjectId === '' ? '' : ` ${event.subjectId}`;
  return `${rfc3339Nano(event.time)} ${event.seq} ${event.subjectType} ${event.action}${who} (${attributes.join(', ')})`;
}
