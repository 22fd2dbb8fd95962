import type { Socket } from 'node:net';
import type { MethodDefinition, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Log } from '../../host/log.ts';
import type { Served } from './channel.ts';
import { TtrpcConnection } from './connection.ts';

/** Serves the same services as a Server of grpc-js, with the same handlers, to clients that speak ttrpc. */
export class TtrpcServer {
  readonly #log: Log;
  readonly #methods = new Map<string, Served>();
  readonly #connections = new Set<TtrpcConnection>();

  constructor(log: Log) {
    this.#log = log;
  }

  addService(service: ServiceDefinition, handlers: UntypedServiceImplementation): void {
    for (const [name, definition] of Object.entries(service)) {
      const handle = handlers[name];
      if (handle)
        this.#methods.set(definition.path, {
          definition: definition as MethodDefinition<unknown, unknown>,
          handle: handle as Served['handle'],
        });
    }
  }

  serve(socket: Socket): void {
    const connection = new TtrpcConnection(socket, this.#methods, this.#log);
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
    socket.resume();
  }

  /** Ends each connection once its calls are over. */
  close(): void {
    for (const connection of this.#connections) connection.close();
  }
}

/** Waits for a client's first byte, which tells its wire: a frame of ttrpc begins with 0, the preface of HTTP/2 with 'P'. */
export function byWire(
  socket: Socket,
  { ttrpc, grpc }: Readonly<Record<'ttrpc' | 'grpc', (socket: Socket) => void>>,
): void {
  socket.once('data', (first: Buffer) => {
    // Whoever reads on begins with it: HTTP/2 by itself, without the socket's flow.
    socket.pause();
    socket.unshift(first);
    (first[0] === 0 ? ttrpc : grpc)(socket);
  });
  socket.resume();
}
