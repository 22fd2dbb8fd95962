import type { Socket } from 'node:net';
import type { Server } from '@grpc/grpc-js';

/** Time in which the last frames may reach their clients at a shutdown. */
const drainMs = 1000;

/** The connections of a server. */
export class Connections {
  readonly #open = new Set<Socket>();
  #emptied: (() => void) | null = null;

  add(socket: Socket): void {
    this.#open.add(socket);
    socket.once('close', () => {
      this.#open.delete(socket);
      if (this.#open.size === 0) this.#emptied?.();
    });
  }

  /**
   * Closes them once the calls on them have ended and all is sent; what a client holds longer than a second is cut off.
   * The server's own word is not enough: it has no connections any more before their bytes have left the process.
   */
  async drain(server: Server): Promise<void> {
    const { promise: emptied, resolve } = Promise.withResolvers<void>();
    this.#emptied = resolve;
    const timer = setTimeout(() => {
      for (const socket of this.#open) socket.destroy();
      resolve();
    }, drainMs);
    server.tryShutdown(() => {});
    if (this.#open.size > 0) await emptied;
    clearTimeout(timer);
  }
}
