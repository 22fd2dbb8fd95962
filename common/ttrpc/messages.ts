// The messages that open and end a call of ttrpc: https://github.com/containerd/ttrpc/blob/main/request.proto
import { encodeFields, WireMessage } from '../wire.ts';

const requestFields = { service: 1, method: 2, payload: 3, timeoutNano: 4 };
const responseFields = { status: 1, payload: 2 };

export interface Request {
  /** Such as /liker.v1.SystemService/GetVersion. */
  readonly path: string;
  /** The encoded message; null: none comes with the request. */
  readonly payload: Uint8Array | null;
  /** 0: the call may last for ever. */
  readonly timeoutNano: number;
}

export interface Response {
  /** An encoded google.rpc.Status; null for success. */
  readonly status: Uint8Array | null;
  readonly payload: Uint8Array;
}

export function encodeRequest({ path, payload, timeoutNano }: Request): Buffer {
  const [, service = '', method = ''] = path.split('/');
  return encodeFields(
    [requestFields.service, service],
    [requestFields.method, method],
    ...(payload ? ([[requestFields.payload, payload]] as const) : []),
    ...(timeoutNano > 0 ? ([[requestFields.timeoutNano, timeoutNano]] as const) : []),
  );
}

/** Throws an Error if the bytes are no request. Metadata is skipped: no call of Liker has any. */
export function decodeRequest(bytes: Uint8Array): Request {
  const request = new WireMessage(bytes);
  return {
    path: `/${request.text(requestFields.service)}/${request.text(requestFields.method)}`,
    payload: request.bytes(requestFields.payload).at(-1) ?? null,
    timeoutNano: request.number(requestFields.timeoutNano),
  };
}

export function encodeResponse({ status, payload }: Response): Buffer {
  return encodeFields(...(status ? ([[responseFields.status, status]] as const) : []), [
    responseFields.payload,
    payload,
  ]);
}

/** Throws an Error if the bytes are no response. */
export function decodeResponse(bytes: Uint8Array): Response {
  const response = new WireMessage(bytes);
  const status = response.bytes(responseFields.status).at(-1);
  return {
    // A server may say that it is OK.
    status: status && new WireMessage(status).number(1) !== 0 ? status : null,
    payload: response.bytes(responseFields.payload).at(-1) ?? new Uint8Array(),
  };
}
