import { badArgument } from '../../../../common/errors.ts';
import { parseSignal } from '../../../../common/signals.ts';
import type { Filter as ProtoFilter } from '../../../../proto/gen/types/liker/v1/Filter.ts';
import type { ListContainersRequest } from '../../../../proto/gen/types/liker/v1/ListContainersRequest.ts';
import type { ListOptions, StopOptions } from '../../../engine/containers/api.ts';
import type { Filter } from '../../../engine/filter.ts';
import type { Repeatable } from '../../../engine/journal/requests.ts';
import type { ReadLogsOptions } from '../../../engine/logs/api.ts';
import { noNul, required } from './text.ts';

/** A page is written in one turn of the event loop, which all wait for: some milliseconds for the greatest. */
const usualPageSize = 100;
const maxPageSize = 1000;
const sigkill = 9;

export function parseTarget({ container }: { readonly container: string }, prefix = ''): string {
  return required(container, `${prefix}container`);
}

export function parseFilters(filters: readonly ProtoFilter[]): Filter[] {
  return filters.map(({ key, value }, index) => ({
    key: required(key, `filters[${index}].key`),
    value: noNul(value, `filters[${index}].value`),
  }));
}

export function parseList(request: ListContainersRequest): ListOptions {
  if (!/^(\d{1,16}-[0-9a-f]{64})?$/.test(request.pageToken)) {
    throw badArgument('page_token', 'Invalid page_token: use the next_page_token of the page before');
  }
  return {
    all: request.all,
    filters: parseFilters(request.filters),
    limit: Math.min(request.pageSize || usualPageSize, maxPageSize),
    after: request.pageToken,
    withSize: request.withSize,
  };
}

export function parseStop(request: {
  readonly timeoutSeconds?: number | undefined;
  readonly signal: string;
  readonly requestId: string;
}): StopOptions & Repeatable {
  return {
    timeoutSeconds: request.timeoutSeconds ?? null,
    signal: request.signal === '' ? null : parseSignal(request.signal, 'signal'),
    requestId: request.requestId,
  };
}

export function parseKillSignal(signal: string): number {
  return signal === '' ? sigkill : parseSignal(signal, 'signal');
}

/** Null: none. */
export function parseLogCursor(cursor: string): ReadLogsOptions['after'] {
  if (cursor === '') return null;
  const [, segment, offset] = /^(\d{1,9})-(\d{1,12})$/.exec(cursor) ?? [];
  if (segment === undefined) {
    throw badArgument('cursor', 'Invalid cursor: use the cursor of a response of ReadLogs');
  }
  return { segment: Number(segment), offset: Number(offset) };
}
