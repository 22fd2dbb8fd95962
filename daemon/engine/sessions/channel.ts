import type { Socket } from 'node:net';
import type { SessionSink } from './frames.ts';

/** A socket that waits for one connection of a client. Disposing of it ends that, and closes the connection here. */
interface Offered extends Disposable {
  readonly path: string;
  readonly connected: Promise<Socket>;
}

/** Offers a socket to a user. Null: there can be none. */
export type OfferSocket = (uid: number) => Promise<Offered | null>;

/** How long a client may take to connect once its process runs. After that its bytes go through likerd. */
const connectMs = 1000;

/** The way of one client to the shim itself: likerd offers it a socket, and hands the connection over. */
export class Channel implements Disposable {
  readonly #offered: Promise<Offered | null>;
  readonly #given = Promise.withResolvers<null>();

  constructor(sink: SessionSink, offer: OfferSocket, uid: number) {
    this.#offered = offer(uid).catch(() => null);
    void this.#offered.then((offered) => {
      if (offered) sink.send({ kind: 'channel', path: offered.path }, () => {});
    });
  }

  /** The client will not connect. */
  giveUp(): void {
    this.#given.resolve(null);
  }

  /** The client's connection; null if there is none in time. */
  async connection(): Promise<Socket | null> {
    const offered = await this.#offered;
    if (!offered) return null;
    const timer = setTimeout(() => this.giveUp(), connectMs);
    try {
      return await Promise.race([offered.connected, this.#given.promise]);
    } catch {
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  [Symbol.dispose](): void {
    this.giveUp();
    void this.#offered.then((offered) => offered?.[Symbol.dispose]());
  }
}
