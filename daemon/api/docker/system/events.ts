import { own } from '../../../../common/own.ts';
import { parseTimestamp } from '../../../../common/units.ts';
import type { EventRecord } from '../../../engine/journal/event.ts';
import type { Door } from '../door.ts';
import { type Answer, lines } from '../http/answer.ts';
import { begin } from '../http/begin.ts';
import type { Call } from '../http/call.ts';
import { filtersOf } from '../http/filters.ts';

/** Events from now on, or of a time. The client may list what there is once it has the head of this answer: no event is lost in between. */
export async function events({ engine }: Door, call: Call): Promise<Answer> {
  const untilMs = timeOf(call, 'until');
  const subscribed = engine.events.subscribe(
    {
      sinceSeq: null,
      storeId: '',
      sinceMs: timeOf(call, 'since'),
      untilMs,
      follow: untilMs === null || untilMs > Date.now(),
      filters: filtersOf(call),
    },
    call.signal,
  );
  return lines(records(await begin(subscribed)));
}

function timeOf({ query }: Call, name: string): number | null {
  const time = query.get(name) ?? '';
  return time === '' || time === '0' ? null : Number(parseTimestamp(time, name) / 1_000_000n);
}

async function* records(subscribed: AsyncIterable<EventRecord>): AsyncIterable<object> {
  for await (const event of subscribed) yield eventRecord(event);
}

/** With the fields of before there were types, which older clients read. */
function eventRecord({ subject, action, attributes, time }: EventRecord): object {
  const { type, id, name } = subject;
  const Action = actionText(action, attributes);
  const from = own(attributes, 'image');
  return {
    ...(type === 'container' && { status: Action, id, ...(from !== undefined && { from }) }),
    ...(type === 'image' && { status: Action, id }),
    Type: type,
    Action,
    Actor: { ID: id, Attributes: { name, ...attributes } },
    scope: 'local',
    time: Math.floor(time / 1000),
    timeNano: time * 1_000_000,
  };
}

/** Those of an exec name its command. */
function actionText(action: string, attributes: EventRecord['attributes']): string {
  const command = own(attributes, 'command');
  return /^exec_(create|start)$/.test(action) && command !== undefined ? `${action}: ${command}` : action;
}
