import type { Socket } from 'node:net';

/** A socket that waits for one connection of a client. Disposing of it ends that, and closes the connection here. */
interface Offered extends Disposable {
  readonly path: string;
  readonly connected: Promise<Socket>;
}

/** Offers a socket to a user. Null: there can be none. */
export type OfferSocket = (uid: number) => Promise<Offered | null>;

/** How long a client may take to connect. Until then, its bytes go through likerd. */
const connectMs = 10_000;

/** The way of one client to the shim itself: likerd offers it a socket, and hands the connection over. */
export class Channel implements Disposable {
  readonly #offer: () => Promise<Offered | null>;
  readonly #given = Promise.withResolvers<null>();

  constructor(offer: OfferSocket, uid: number) {
    this.#offer = () => offer(uid);
  }

  /** Ends the wait for the client. */
  giveUp(): void {
    this.#given.resolve(null);
  }

  /** Offers the client a socket, and hands its connection to `use`, which must copy it. False: there is none, or none in time. */
  async connect(tell: (path: string) => void, use: (socket: Socket) => Promise<boolean>): Promise<boolean> {
    using offered = await this.#offer();
    if (!offered) return false;
    tell(offered.path);
    const timer = setTimeout(() => this.giveUp(), connectMs);
    try {
      const socket = await Promise.race([offered.connected, this.#given.promise]);
      return socket !== null && (await use(socket));
    } finally {
      clearTimeout(timer);
    }
  }

  [Symbol.dispose](): void {
    this.giveUp();
  }
}
