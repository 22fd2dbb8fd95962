import * as v from 'valibot';
import { asError } from '../../../common/errors.ts';
import { byName, moment, type Of, read } from '../../../common/schema.ts';
import type { EventRow } from '../../store/tables/event.ts';

const attributesSchema = byName(v.string());
type Attributes = Of<typeof attributesSchema>;

interface Subject {
  /** The kind of thing, such as container; daemon for likerd itself. */
  readonly type: string;
  /** Empty for likerd itself. */
  readonly id: string;
  /** At the time of the event. */
  readonly name: string;
}

export interface NewEvent {
  readonly subject: Subject;
  readonly action: string;
  readonly attributes?: Attributes;
}

export interface EventRecord extends Required<NewEvent> {
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

export function daemonEvent(action: string, attributes: Attributes): NewEvent {
  return { subject: { type: 'daemon', id: '', name: '' }, action, attributes };
}

export function toRow({ subject, action, attributes = {} }: NewEvent, time: number): Omit<EventRow, 'seq'> {
  const { type: subjectType, id: subjectId, name: subjectName } = subject;
  return { time, subjectType, subjectId, subjectName, action, attributes: JSON.stringify(attributes) };
}

export function fromRow(row: EventRow): EventRecord {
  const { seq, subjectType: type, subjectId: id, subjectName: name, action } = row;
  const time = v.is(moment, row.time) ? row.time : 0;
  return { seq, time, subject: { type, id, name }, action, attributes: attributesOf(row) };
}

/** A damaged row must not end the replay: the events after it would be out of reach. */
function attributesOf(row: EventRow): Attributes {
  try {
    return read(attributesSchema, row.attributes, 'its attributes');
  } catch (error) {
    return { damaged: asError(error).message };
  }
}
