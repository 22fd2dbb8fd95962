import { createHash } from 'node:crypto';
import { badArgument, LikerError } from '../../../common/errors.ts';
import { shortId } from '../../../common/ids.ts';
import type { Ledger } from './ledger.ts';

/** A call that can be repeated: its request_id, and a digest of what it asks for. */
export interface RequestKey {
  readonly id: string;
  readonly asked: string;
}

/** Identifies the call behind a verb. It is stored with the result, so that a repeated call is recognized. */
export interface Requested {
  readonly request?: RequestKey | null;
}

/** Each is stored for ten minutes. */
const maxIdBytes = 256;

/** Null without a request_id. */
export function requestKey(id: string, call: string, ...asked: unknown[]): RequestKey | null {
  if (id === '') return null;
  if (Buffer.byteLength(id) > maxIdBytes) {
    throw badArgument(
      'request_id',
      `Invalid request_id: it has ${Buffer.byteLength(id)} bytes; give ${maxIdBytes} at most, such as a UUID`,
    );
  }
  const text = JSON.stringify([call, ...asked], withoutDefaults);
  return { id, asked: createHash('sha256').update(text).digest('base64') };
}

/**
 * A field that a newer version adds and the request does not set does not make it another request; nor does a terminal
 * that was resized before the call was repeated.
 */
function withoutDefaults(key: string, value: unknown): unknown {
  if (key === 'terminalSize') return undefined;
  const isDefault =
    value === null || value === false || value === '' || (Array.isArray(value) && value.length === 0);
  return isDefault ? undefined : value;
}

/** The id of what the first call with this request_id made; null when this is the first. Errors: REQUEST_ID_REUSED. */
export function resultOf(ledger: Ledger, request: RequestKey | null): string | null {
  const first = request && ledger.request(request.id);
  if (!first) return null;
  // Rows of earlier versions do not say what was asked.
  if (first.asked !== '' && first.asked !== request.asked) {
    throw new LikerError(
      'REQUEST_ID_REUSED',
      `Cannot use request_id '${request.id}': an earlier request with it asked for something else; give each request an id of its own`,
      { field: 'request_id', metadata: { request_id: request.id } },
    );
  }
  return first.result;
}

/** What to answer when the container that the first call made is not there any more. */
export function resultIsGone(request: RequestKey | null, containerId: string): LikerError {
  const metadata = { container: containerId, request_id: request?.id ?? '' };
  return new LikerError(
    'CONTAINER_NOT_FOUND',
    `Cannot answer the repeated request '${metadata.request_id}': the container ${shortId(containerId)} that it made was removed; give another request_id to make a new one`,
    { metadata },
  );
}
