import type { MethodDefinition, ServiceError } from '@grpc/grpc-js';
import type { Log } from '../../host/log.ts';

/** A method as its service defines it, with the handler of grpc-js's kind. */
export interface Served {
  readonly definition: MethodDefinition<unknown, unknown>;
  readonly handle: (...args: never[]) => void;
}

/** What a call has of the connection that it came by. */
export interface Channel {
  readonly log: Log;
  readonly peer: string;
  /** Sends a message of a stream. `sent` is called once the kernel has taken it; never, if the connection is lost before. */
  message(stream: number, bytes: Uint8Array, sent: () => void): void;
  /** Sends the end of a call: its response, or the error that it failed with. */
  respond(stream: number, outcome: Uint8Array | ServiceError): void;
  /** Sends the end of a stream whose messages are all sent. */
  endStream(stream: number): void;
  /** Nothing is read from the connection until this holder is released. */
  hold(holder: object): void;
  release(holder: object): void;
}

/** A call of a connection. */
export interface OpenCall {
  /** A message of the client, or its last word. */
  receive(bytes: Buffer | null): void;
  /** The client is gone, or its deadline has passed. */
  cancel(): void;
}
