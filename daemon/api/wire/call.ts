import type { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { ServiceError } from '@grpc/grpc-js';

// What handlers use of a call, whichever wire it came by. The calls of grpc-js have it and more; those of ttrpc have it and no more.

/** Emits 'cancelled' when the client is gone, or its deadline has passed. */
export interface Call extends EventEmitter {
  readonly cancelled: boolean;
  /** Such as /liker.v1.SystemService/GetVersion. */
  getPath(): string;
  /** As tagSocket wrote it. */
  getPeer(): string;
  getDeadline(): Date | number;
}

export interface UnaryCall<Request> extends Call {
  readonly request: Request;
}

export type Answer<Response> = (error: ServiceError | null, response?: Response) => void;

/** `end` ends it well. To emit an 'error', which is a ServiceError, ends it with that status. */
export type AnsweredCall = Call & Writable;

export type ServerStreamCall<Request> = AnsweredCall & { readonly request: Request };

/** Its data are the requests. */
export type BidiCall<Request> = AnsweredCall & Readable & { read(size?: number): Request };
