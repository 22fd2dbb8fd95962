import type { ContainerInput } from '../../../proto/gen/types/liker/v1/Container.ts';
import type { ListContainersResponseInput } from '../../../proto/gen/types/liker/v1/ListContainersResponse.ts';
import type { ContainerView } from '../../engine/api.ts';
import { pageToken } from '../../engine/container/verbs/list.ts';
import { formatContainer } from './container.ts';

/** Half of what a message may hold: the sizes are estimated. */
const maxPageBytes = 8 * 1024 * 1024;

/** A page of a list that fits into a message; what does not is left to the next page. */
export function listPage(list: {
  readonly containers: readonly ContainerView[];
  readonly next: string;
}): ListContainersResponseInput {
  const containers: ContainerInput[] = [];
  let bytes = 0;
  let last = '';
  for (const view of list.containers) {
    bytes += roughBytes(view);
    if (bytes > maxPageBytes && last !== '') return { containers, nextPageToken: last };
    containers.push(formatContainer(view));
    last = pageToken(view);
  }
  return { containers, nextPageToken: list.next };
}

/** An upper bound of what plain data takes on the wire. */
function roughBytes(value: unknown): number {
  if (typeof value === 'string') return 3 * value.length + 8;
  if (typeof value !== 'object' || value === null) return 12;
  let bytes = 8;
  for (const [key, item] of Object.entries(value)) {
    bytes += (Array.isArray(value) ? 0 : key.length) + roughBytes(item);
  }
  return bytes;
}
