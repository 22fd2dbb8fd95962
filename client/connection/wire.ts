import type { EventEmitter } from 'node:events';
import type { LocalSocket } from './local-socket.ts';

/** The part of a method's definition that a client needs. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** Why a call failed: a status of gRPC. Both wires fail with it. */
export interface CallError extends Error {
  readonly code: number;
  readonly details: string;
  /** Of the daemon's own errors: their google.rpc.Status, under `statusDetailsKey`. */
  readonly metadata?: { get(key: string): readonly unknown[] };
  /** Nothing was done, because the daemon speaks another wire. */
  readonly isOtherWire?: true;
}

/** The messages of a stream, each once. Throws a CallError. */
export interface ServerStream<Response> {
  messages(): AsyncIterable<Response>;
  cancel(): void;
}

/** Emits 'drain' when more can be written, and 'close' when it is over. */
export interface BidiStream<Request, Response> extends ServerStream<Response>, EventEmitter {
  readonly writable: boolean;
  /** False: wait for 'drain'. */
  write(request: Request): boolean;
  /** No more requests come. */
  end(): unknown;
}

export interface UnaryOptions {
  readonly deadlineMs?: number | undefined;
  /** Cancels the call. */
  readonly signal?: AbortSignal | undefined;
}

/** The connection of a call by ttrpc, which is the only one there. */
export type BegunCall = LocalSocket;

/** A way to make calls. Its connections are made on use. */
export interface Wire {
  /** Rejects with a CallError. */
  unary<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    options: UnaryOptions,
  ): Promise<Response>;
  serverStream<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
  ): ServerStream<Response>;
  /** `begun`: the call that another program of this process has begun. */
  bidiStream<Request, Response>(
    method: Method<Request, Response>,
    begun?: BegunCall,
  ): BidiStream<Request, Response>;
  /** Whether the daemon is certain to speak it, as far as calls have told. */
  readonly isMutual: boolean;
  /** Whether another wire should be tried: a connection ended, and there was never an answer. */
  readonly isDoubtful: boolean;
  close(): void;
}

export type OpenWire = (socketPath: string) => Wire;
