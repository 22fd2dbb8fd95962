import { LikerError } from '../../../common/errors.ts';
import type { ContainerSpec } from '../containers/model/spec.ts';

type Attributes = Readonly<Record<string, string>>;

/** Limit on the names and values of a container's labels in total: every event of the container carries them. */
export const maxLabelBytes = 64 * 1024;
/** Limit on one attribute of an event. No executable path is longer. */
const maxValueLength = 4096;

/** Throws BAD_ARGUMENT for more labels than events can carry. */
export function checkLabels(labels: Attributes): void {
  const bytes = labelBytes(labels);
  if (bytes <= maxLabelBytes) return;
  throw new LikerError(
    'BAD_ARGUMENT',
    `Invalid spec.labels: names and values take ${bytes} bytes, and at most ${maxLabelBytes} fit, since every event of the container carries them; put longer data into a file`,
    {
      field: 'spec.labels',
      metadata: { field: 'spec.labels', bytes: String(bytes), most: String(maxLabelBytes) },
    },
  );
}

/**
 * What an event of a container carries: its labels, unless the container is of an earlier version and has more than fit; and the
 * attributes of the event itself, of which a program's name can be long.
 */
export function eventAttributes(
  { labels, rootfs }: Pick<ContainerSpec, 'labels' | 'rootfs'>,
  name: string,
  told: Attributes = {},
): Attributes {
  const carried = labelBytes(labels) > maxLabelBytes ? {} : labels;
  return { ...carried, image: rootfs.directory, name, ...cutValues(told) };
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
