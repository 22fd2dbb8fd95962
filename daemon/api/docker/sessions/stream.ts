import type { Duplex } from 'node:stream';
import type { LikerError } from '../../../../common/errors.ts';
import { maxStdinChunkBytes } from '../../../../common/sizes.ts';
import type { ExitStatus } from '../../../engine/process/exit-status.ts';
import type { TerminalSize } from '../../../engine/process/spec.ts';
import type { OutputFrame, Session, SessionSink, StreamName } from '../../../engine/sessions/frames.ts';
import { InputQueue } from '../../liker/input-queue.ts';
import type { TakeoverCall } from '../http/takeover-call.ts';
import { Escape } from './escape.ts';

export interface StreamOptions {
  /** The process has a terminal: its output is sent as it is, without frames. */
  readonly tty: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Keys that end the session and leave the process. Empty: the usual ones. */
  readonly detachKeys: string;
  /** The handshake of a WebSocket has been the head of the answer, and the output is sent as it is. */
  readonly webSocket?: boolean;
}

/** The connection: that of the request, or what a WebSocket makes of it. */
export interface Line extends Pick<TakeoverCall, 'version' | 'headers'> {
  readonly socket: Duplex;
}

/** From this version on, streams in frames have a type of their own. */
const framesHaveType = 42;

/** How long a client may keep a connection whose session is over. */
const lingerMs = 10_000;

const numbers: Readonly<Record<StreamName, number>> = { stdout: 1, stderr: 2 };

/** The connection of a client that is attached to a process: its output in frames, and stdin as it comes. */
export class Stream implements SessionSink {
  readonly #call: Line;
  readonly #options: StreamOptions;
  readonly #escape: Escape | null;
  readonly #over = Promise.withResolvers<void>();
  #session: Session | null = null;
  #input: InputQueue | null = null;
  #isOpen = false;
  #isOver = false;
  /** Pid on the host. */
  pid = 0;
  exit: ExitStatus | null = null;
  onExit: (exit: ExitStatus) => void = () => {};

  constructor(call: Line, options: StreamOptions) {
    this.#call = call;
    this.#options = options;
    this.#escape = options.tty && options.stdin ? new Escape(options.detachKeys) : null;
    call.socket.once('close', () => this.#lose());
  }

  /** Resolves when the session is over, or its client gone. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Sends the head of the answer: from here on no error can be told. */
  open(): void {
    if (this.#isOpen || this.#isOver) return;
    this.#isOpen = true;
    if (this.#options.webSocket) return;
    const { version, socket, headers } = this.#call;
    const isUpgrade = headers.has('upgrade');
    const isFramed = !this.#options.tty && version >= framesHaveType && isUpgrade;
    const type = `application/vnd.docker.${isFramed ? 'multiplexed' : 'raw'}-stream`;
    socket.write(
      isUpgrade
        ? `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${type}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`
        : `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\n\r\n`,
    );
  }

  /** From here on the client's stdin goes to the process. */
  begin(session: Session): void {
    this.#session = session;
    const { socket } = this.#call;
    if (this.#isOver) {
      if (!this.exit) session.lost();
      return;
    }
    if (this.#options.stdin) {
      const input = new InputQueue(session, socket, () => this.end());
      this.#input = input;
      socket.on('data', (bytes: Buffer) => this.#received(bytes));
      socket.once('end', () => this.#give(() => input.take({ kind: 'close-stdin' })));
    }
    socket.resume();
  }

  resize(size: TerminalSize): void {
    this.#give(() => this.#session?.input({ kind: 'resize', size }, () => {}));
  }

  /** Text from the engine itself, as if the process had written it. */
  say(text: string): void {
    this.#write('stdout', Buffer.from(text));
  }

  send(frame: OutputFrame, flushed: () => void): void {
    switch (frame.kind) {
      case 'ready':
        this.pid = frame.pid;
        this.open();
        break;
      case 'stdout':
      case 'stderr':
        this.#write(frame.kind, frame.data, flushed);
        break;
      case 'exit':
        this.exit = frame.exit;
        this.onExit(frame.exit);
        break;
      default:
    }
  }

  end(_error?: LikerError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { socket } = this.#call;
    // What the client still sends is read, since a connection that is closed before would be reset.
    socket.removeAllListeners('data');
    socket.resume();
    socket.end(() => setTimeout(() => socket.destroy(), lingerMs).unref());
    this.#over.resolve();
  }

  #write(stream: StreamName, data: Buffer, flushed: () => void = () => {}): void {
    const { socket } = this.#call;
    if (this.#isOver || !this.#options[stream]) {
      flushed();
      return;
    }
    const done = (error?: Error | null): void => {
      if (!error) flushed();
    };
    if (this.#options.tty || this.#options.webSocket) {
      socket.write(data, done);
      return;
    }
    const header = Buffer.alloc(8);
    header[0] = numbers[stream];
    header.writeUInt32BE(data.length, 4);
    socket.cork();
    socket.write(header);
    socket.write(data, done);
    socket.uncork();
  }

  #received(bytes: Buffer): void {
    const { typed, isEscape } = this.#escape?.read(bytes) ?? { typed: bytes, isEscape: false };
    for (let at = 0; at < typed.length; at += maxStdinChunkBytes) {
      const data = typed.subarray(at, at + maxStdinChunkBytes);
      this.#give(() => this.#input?.take({ kind: 'stdin', offset: 0, data }));
    }
    if (isEscape) this.#give(() => this.#input?.take({ kind: 'detach' }));
  }

  /** A frame that the session refuses, such as stdin of a process that has none, ends it. */
  #give(give: () => void): void {
    if (this.#isOver) return;
    try {
      give();
    } catch {
      this.#session?.lost();
      this.end();
    }
  }

  #lose(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#session?.lost();
    this.#over.resolve();
  }
}
