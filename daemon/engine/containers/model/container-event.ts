import { badArgument, LikerError } from '../../../../common/errors.ts';
import type { NewEvent } from '../../journal/event.ts';
import type { Container } from './container.ts';
import { rootName } from './spec.ts';

type Attributes = Readonly<Record<string, string>>;

export interface ContainerEvent {
  readonly action: string;
  readonly attributes?: Attributes;
}

/** Limit on the names and values of a container's labels in total: every event of the container carries them. */
export const maxLabelBytes = 64 * 1024;
/** Limit on one attribute of an event. No executable path is longer. */
const maxValueLength = 4096;

/** Throws BAD_ARGUMENT for more labels than events can carry. */
export function checkLabels(labels: Attributes, field = 'spec.labels'): void {
  if (Object.hasOwn(labels, '')) throw badArgument(field, `Invalid ${field}: a label needs a name`);
  const bytes = labelBytes(labels);
  if (bytes <= maxLabelBytes) return;
  throw new LikerError(
    'BAD_ARGUMENT',
    `Invalid ${field}: names and values take ${bytes} bytes, and at most ${maxLabelBytes} fit, since every event carries them; put longer data into a file`,
    {
      field,
      metadata: { field, bytes: String(bytes), most: String(maxLabelBytes) },
    },
  );
}

/**
 * The event as it is stored. It carries the container's labels (a container of an earlier version may have more than fit: then
 * none), its image and name, and the attributes of the event itself, of which a program's name can be long.
 */
export function containerEvent(
  { id, name, spec }: Pick<Container, 'id' | 'name' | 'spec'>,
  { action, attributes = {} }: ContainerEvent,
): NewEvent {
  const labels = labelBytes(spec.labels) > maxLabelBytes ? {} : spec.labels;
  return {
    subject: { type: 'container', id, name },
    action,
    attributes: { ...labels, image: rootName(spec.rootfs), name, ...cutValues(attributes) },
  };
}

function cutValues(attributes: Attributes): Attributes {
  const cut = (text: string) =>
    text.length > maxValueLength ? `${text.slice(0, maxValueLength).toWellFormed()}…` : text;
  return Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, cut(value)]));
}

function labelBytes(labels: Attributes): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(labels))
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  return bytes;
}
