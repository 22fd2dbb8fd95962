import type { ListContainersResponseInput } from '../../../../proto/gen/types/liker/v1/ListContainersResponse.ts';
import type { ContainerView } from '../../../engine/containers/api.ts';
import { pageToken } from '../../../engine/containers/model/page.ts';
import type { ContainerSpec } from '../../../engine/containers/model/spec.ts';
import { Slices } from '../../../loop/turns.ts';
import { encoded } from '../../wire/encoded.ts';
import { definitions } from '../definitions.ts';
import type { ListView } from '../words.ts';
import { formatBasicContainer, formatContainer } from './container.ts';

/** Half of what a message may hold: clients need not be bound as this daemon is. */
const maxPageBytes = 8 * 1024 * 1024;

/** What encodings of several responses have in a row is one response with the containers of all. */
const { responseSerialize: encode } = definitions.ContainerService.ListContainers;

/** A page of a list that fits into a message; what does not is left to the next page. */
export async function listPage(
  list: { readonly containers: readonly ContainerView[]; readonly next: string },
  listView: ListView,
): Promise<ListContainersResponseInput> {
  const parts: Uint8Array[] = [];
  const slices = new Slices();
  let { next } = list;
  let bytes = 0;
  let last: ContainerView | undefined;
  for (const view of list.containers) {
    if (slices.over) await slices.next();
    const part = listed(view, listView);
    bytes += part.length;
    if (bytes > maxPageBytes && last !== undefined) {
      next = pageToken(last);
      break;
    }
    parts.push(part);
    last = view;
  }
  return encoded(...parts, encode({ nextPageToken: next }));
}

/** What was listed last of a container: most lists find most containers as they were. */
type Known = WeakMap<ContainerSpec, { readonly view: ContainerView; readonly part: Uint8Array }>;
const known: Readonly<Record<ListView, Known>> = { full: new WeakMap(), basic: new WeakMap() };
const formats = { full: formatContainer, basic: formatBasicContainer };

/** A list of this container alone. */
function listed(view: ContainerView, listView: ListView): Uint8Array {
  const last = known[listView].get(view.spec);
  if (last && isSame(last.view, view)) return last.part;
  // Copied: what it was encoded into is part of a larger buffer, which would be kept with it.
  const part = new Uint8Array(encode({ containers: [formats[listView](view)] }));
  known[listView].set(view.spec, { view, part });
  return part;
}

/** What an engine tells of a container is replaced as a whole when it changes. */
function isSame(one: ContainerView, other: ContainerView): boolean {
  const keys = Object.keys(one) as (keyof ContainerView)[];
  return keys.every((key) =>
    key === 'execIds' ? one[key].length + other[key].length === 0 : one[key] === other[key],
  );
}
