import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { makeFolder } from '../../../common/folders.ts';

/** A socket that listens for one connection. Disposing of it ends that. */
export interface OfferedSocket extends Disposable {
  readonly path: string;
  /** The first connection of the user for whom it is, paused. Rejects when the offer has ended. The caller destroys it. */
  readonly connected: Promise<Socket>;
}

/** Sockets at which a program of a client meets a program of likerd. Whoever connects is asked the kernel for. */
export class FileSockets {
  readonly #folder: string;
  readonly #uidOf: (socket: Socket) => number;

  /** The folder is for them alone: what an earlier likerd has left there is removed. */
  constructor(folder: string, uidOf: (socket: Socket) => number) {
    this.#folder = folder;
    this.#uidOf = uidOf;
    rmSync(folder, { recursive: true, force: true });
    makeFolder(folder, 0o711);
  }

  /** Null: there can be none, such as in a folder whose path is too long. */
  async offer(uid: number): Promise<OfferedSocket | null> {
    const path = join(this.#folder, randomBytes(16).toString('hex'));
    const connected = Promise.withResolvers<Socket>();
    connected.promise.catch(() => {});
    const server = createServer({ pauseOnConnect: true }, (socket) => {
      if (this.#uidOf(socket) !== uid || !server.listening) return void socket.destroy();
      server.close();
      connected.resolve(socket);
    });
    const listens = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen({ path, readableAll: true, writableAll: true }, () => resolve(true));
    });
    if (!listens) return null;
    return {
      path,
      connected: connected.promise,
      [Symbol.dispose]: () => {
        if (server.listening) server.close();
        connected.reject(new Error('Nobody has connected'));
        // One that nobody has taken.
        connected.promise.then((socket) => socket.destroy()).catch(() => {});
      },
    };
  }
}
