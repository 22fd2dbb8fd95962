import { Duplex } from 'node:stream';
import type { ServiceError } from '@grpc/grpc-js';
import { toServiceError } from '../grpc/errors.ts';
import type { BidiCall, ServerStreamCall } from '../wire/call.ts';
import type { Channel, OpenCall, Served } from './channel.ts';

type Handle = (call: BidiCall<unknown> & ServerStreamCall<unknown>) => void;

/** A call that answers a stream, to one request or to another stream. */
export class TtrpcStreamCall extends Duplex implements OpenCall {
  /** Of a server stream. */
  readonly request: unknown;
  cancelled = false;
  readonly #channel: Channel;
  readonly #stream: number;
  readonly #served: Served;
  readonly #deadline: number;
  #failure: ServiceError | null = null;

  constructor(channel: Channel, stream: number, served: Served, request: Buffer | null, deadline: number) {
    super({ objectMode: true });
    this.#channel = channel;
    this.#stream = stream;
    this.#served = served;
    this.#deadline = deadline;
    this.on('error', (error: ServiceError) => this.#fail(error));
    this.on('finish', () => this.destroy());
    const { requestStream, requestDeserialize } = served.definition;
    if (!requestStream) this.request = requestDeserialize(request ?? Buffer.alloc(0));
    else if (request !== null) this.receive(request);
  }

  begin(): void {
    (this.#served.handle as Handle)(this);
  }

  receive(bytes: Buffer | null): void {
    if (this.destroyed || this.readableEnded) return;
    const isFull = !this.push(bytes && this.#served.definition.requestDeserialize(bytes));
    if (isFull && bytes !== null) this.#channel.hold(this);
  }

  cancel(): void {
    this.cancelled = true;
    this.emit('cancelled');
    this.destroy();
  }

  override _read(): void {
    this.#channel.release(this);
  }

  override _write(message: unknown, _encoding: string, done: () => void): void {
    try {
      this.#channel.message(this.#stream, this.#served.definition.responseSerialize(message), done);
    } catch (thrown) {
      this.#fail(toServiceError(thrown, this.#channel.log));
      done();
    }
  }

  /** Ends the call after what was written before. */
  #fail(error: ServiceError): void {
    this.#failure ??= error;
    this.end();
  }

  override _final(done: () => void): void {
    if (this.#failure) this.#channel.respond(this.#stream, this.#failure);
    else this.#channel.endStream(this.#stream);
    done();
  }

  override _destroy(_error: Error | null, done: (error?: Error | null) => void): void {
    this.#channel.release(this);
    done();
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
