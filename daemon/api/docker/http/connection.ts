import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { readTakeover, type Takeover } from './takeover.ts';

export interface Takers {
  /** Whether such a request takes its connection over. */
  readonly takes: (method: string, url: string) => boolean;
  readonly taken: (request: Takeover) => void;
}

/**
 * A client's connection, as node:http gets it. A request that takes it over is read here, since node:http would parse what follows such a
 * request as the next one, unless the client has asked for an upgrade, and not all do.
 */
export class Connection extends Duplex {
  readonly #socket: Socket;
  readonly #takers: Takers;
  /** Bytes of a request that may take the connection over. */
  #head: Buffer = Buffer.alloc(0);
  /** node:http has the connection. */
  #passes = false;
  #exchange: { readonly request: IncomingMessage; readonly response: ServerResponse } | null = null;
  #isTaken = false;

  constructor(socket: Socket, takers: Takers) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    this.#takers = takers;
    // Who has sent all stdin still reads output.
    socket.allowHalfOpen = true;
    socket.on('data', this.#received);
    socket.on('end', this.#ended);
    socket.on('close', this.#closed);
  }

  /** node:http has read the head of a request. */
  exchanges(request: IncomingMessage, response: ServerResponse): void {
    this.#exchange = { request, response };
  }

  #received = (chunk: Buffer): void => {
    // A client sends its next request when it has the answer to this one, which is when all of it was written.
    if (this.#exchange?.request.complete && this.#exchange.response.writableEnded) this.#passes = false;
    if (this.#passes) {
      this.#pass(chunk);
      return;
    }
    this.#head = this.#head.length > 0 ? Buffer.concat([this.#head, chunk]) : chunk;
    const read = readTakeover(this.#head, this.#takers.takes);
    if (read === 'more') return;
    if (read === null) {
      this.#passes = true;
      this.#exchange = null;
      const head = this.#head;
      this.#head = Buffer.alloc(0);
      this.#pass(head);
      return;
    }
    this.#letGo();
    if (read.rest.length > 0) this.#socket.unshift(read.rest);
    this.#takers.taken({ ...read.head, body: read.body, socket: this.#socket });
  };

  #pass(bytes: Buffer): void {
    if (!this.push(bytes)) this.#socket.pause();
  }

  #letGo(): void {
    this.#isTaken = true;
    this.#socket.pause();
    this.#socket.off('data', this.#received);
    this.#socket.off('end', this.#ended);
    this.#socket.off('close', this.#closed);
    this.destroy();
  }

  #ended = (): void => {
    this.push(null);
  };

  #closed = (): void => {
    this.destroy();
  };

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#isTaken) this.#socket.destroy();
    done(error);
  }
}
