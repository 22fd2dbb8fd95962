import { createConnection, type Socket } from 'node:net';
import { errnoName } from '../../../common/errno.ts';
import { LikerError } from '../../../common/errors.ts';
import { helloRequest } from './resolver-messages.ts';

/** Bytes of the answer to a HELLO after the first: the build. */
const buildBytes = 32;

/** A connection to liker-resolver, which answers each request in order. */
export class ResolverConnection {
  readonly #socket: Socket;
  #waiting: { readonly size: number; readonly take: (answer: Buffer) => void; readonly lose: () => void }[] =
    [];
  #received = Buffer.alloc(0);
  /** Resolves when it is closed. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        const lost = this.#waiting;
        this.#waiting = [];
        for (const { lose } of lost) lose();
        resolve();
      });
    });
  }

  /** Null if no resolver listens there. */
  static async open(path: string): Promise<ResolverConnection | null> {
    const socket = createConnection(path);
    const connected = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    return connected ? new ResolverConnection(socket) : null;
  }

  /** The build of the program. */
  async hello(): Promise<string> {
    const answer = await this.#send(helloRequest(), 1 + buildBytes);
    return answer.toString('latin1', 1);
  }

  /** Errno of the answer; empty: it is done. */
  async ask(request: Buffer): Promise<string> {
    const [errno = 0] = await this.#send(request, 1);
    return errno === 0 ? '' : errnoName(-errno);
  }

  /** Does not keep likerd alive. */
  unref(): void {
    this.#socket.unref();
  }

  end(): void {
    this.#socket.destroy();
  }

  #send(request: Buffer, size: number): Promise<Buffer> {
    return new Promise((take, reject) => {
      const lose = (): void => reject(new LikerError('INTERNAL', 'The resolver of names has ended'));
      if (this.#socket.destroyed) return lose();
      this.#waiting.push({ size, take, lose });
      // Those of one turn of the event loop go together.
      this.#socket.cork();
      this.#socket.write(request);
      process.nextTick(() => this.#socket.uncork());
    });
  }

  #take(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    for (let next = this.#waiting[0]; next && this.#received.length >= next.size; next = this.#waiting[0]) {
      this.#waiting.shift();
      next.take(this.#received.subarray(0, next.size));
      this.#received = this.#received.subarray(next.size);
    }
  }
}
