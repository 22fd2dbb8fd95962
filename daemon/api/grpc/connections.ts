import type { Socket } from 'node:net';

/** At shutdown the last frames have this long to reach their clients. */
const drainMs = 1000;

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
   * Closes the connections once their calls have ended and everything is sent. A client that has not taken it after a second is cut
   * off. `shutDown` alone, which ends the idle ones, is not enough: it is done before the last bytes have left the process.
   */
  async drain(shutDown: () => void): Promise<void> {
    const { promise: emptied, resolve } = Promise.withResolvers<void>();
    this.#emptied = resolve;
    const timer = setTimeout(() => {
      for (const socket of this.#open) socket.destroy();
      resolve();
    }, drainMs);
    // They have not said which wire they speak.
    for (const socket of this.#open) if (socket.bytesRead === 0) socket.destroy();
    shutDown();
    if (this.#open.size > 0) await emptied;
    clearTimeout(timer);
  }
}
