import { createHash } from 'node:crypto';
import { badArgument, LikerError } from '../../../common/errors.ts';
import type { Journal } from './journal.ts';

/** A call that can be repeated: its request_id, and a digest of what it asks for. */
export interface RequestKey {
  readonly id: string;
  readonly asked: string;
}

/** A call that may be repeated when its answer was lost. */
export interface Repeatable {
  /** Identifies the call; empty: a repeated one cannot be recognized. */
  readonly requestId: string;
}

/** Identifies the call that a verb carries out. It is stored with the result, so that a repeated call is recognized. */
export interface Requested {
  readonly request?: RequestKey | null;
}

/** Limit on a request_id; each is stored for ten minutes. */
const maxIdBytes = 256;

/** Null without a request_id. */
export function requestKey(id: string, call: string, ...asked: unknown[]): RequestKey | null {
  if (id === '') return null;
  if (Buffer.byteLength(id) > maxIdBytes) {
    throw badArgument(
      'request_id',
      `Invalid request_id: it has ${Buffer.byteLength(id)} bytes; give at most ${maxIdBytes}, such as a UUID`,
    );
  }
  const text = JSON.stringify([call, ...asked], withoutDefaults);
  return { id, asked: createHash('sha256').update(text).digest('base64') };
}

/**
 * Leaves out what must not make it another request: a field that is not set, since a newer likerd may know more of them, and
 * the size of a terminal that was resized before the call was repeated. A root is a directory unless it says otherwise.
 */
function withoutDefaults(key: string, value: unknown): unknown {
  if (key === 'terminalSize') return undefined;
  const isDefault =
    value === null ||
    value === false ||
    value === '' ||
    (key === 'kind' && value === 'directory') ||
    (Array.isArray(value) && value.length === 0);
  return isDefault ? undefined : value;
}

/** The id of what the first call with this request_id made; null when this is the first. Errors: REQUEST_ID_REUSED. */
export function resultOf(journal: Journal, request: RequestKey | null): string | null {
  const first = request && journal.request(request.id);
  if (!first) return null;
  // Rows of earlier versions have no digest.
  if (first.asked !== '' && first.asked !== request.asked) {
    throw new LikerError(
      'REQUEST_ID_REUSED',
      `Cannot use request_id '${request.id}': an earlier request with it asked for something else; give each request an id of its own`,
      { field: 'request_id', metadata: { request_id: request.id } },
    );
  }
  return first.result;
}
