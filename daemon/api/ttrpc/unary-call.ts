import { EventEmitter } from 'node:events';
import type { ServiceError } from '@grpc/grpc-js';
import { toServiceError } from '../grpc/errors.ts';
import type { Answer, UnaryCall } from '../wire/call.ts';
import type { Channel, OpenCall, Served } from './channel.ts';

type Handle = (call: UnaryCall<unknown>, answer: Answer<unknown>) => void;

/** A call with one request and one response. */
export class TtrpcUnaryCall extends EventEmitter implements UnaryCall<unknown>, OpenCall {
  readonly request: unknown;
  cancelled = false;
  readonly #channel: Channel;
  readonly #stream: number;
  readonly #served: Served;
  readonly #deadline: number;

  constructor(channel: Channel, stream: number, served: Served, request: Buffer, deadline: number) {
    super();
    this.#channel = channel;
    this.#stream = stream;
    this.#served = served;
    this.#deadline = deadline;
    this.request = served.definition.requestDeserialize(request);
  }

  begin(): void {
    (this.#served.handle as Handle)(this, (error, response) => this.#answer(error, response));
  }

  #answer(error: ServiceError | null, response: unknown): void {
    if (this.cancelled) return;
    this.#channel.respond(this.#stream, error ?? this.#encoded(response));
  }

  #encoded(response: unknown) {
    try {
      return this.#served.definition.responseSerialize(response);
    } catch (thrown) {
      return toServiceError(thrown, this.#channel.log);
    }
  }

  receive(): void {}

  cancel(): void {
    this.cancelled = true;
    this.emit('cancelled');
  }

  getPath(): string {
    return this.#served.definition.path;
  }

  getPeer(): string {
    return this.#channel.peer;
  }

  getDeadline(): number {
    return this.#deadline;
  }
}
