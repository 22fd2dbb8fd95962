import { Readable, Transform, type TransformCallback, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { SessionCall } from '../client/session/call.ts';
import { type Front, Session } from '../client/session/session.ts';
import { asError, LikerError } from '../common/errors.ts';
import type { ExitStatus } from '../proto/gen/types/liker/v1/ExitStatus.ts';
import type { Ready } from '../proto/gen/types/liker/v1/Ready.ts';
import type { CallOptions, Engine } from './engine.ts';
import { abortable, Deadline, waiting } from './waiting.ts';

/** Size of a terminal in characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** What a process reads: text, bytes, or what an iterable or a stream yields. */
export type Input = string | Uint8Array | AsyncIterable<string | Uint8Array>;

/** How a session with a process is made. */
export interface SessionOptions extends CallOptions {
  /** Give it a terminal, which has this size. Then all output is stdout. */
  readonly tty?: boolean | TerminalSize | undefined;
  /** What it reads; true: what is written to {@link Process.stdin}. Default: nothing. */
  readonly stdin?: boolean | Input | undefined;
  /** Kill it so many milliseconds after its start: {@link Process.exited} rejects with TIMED_OUT. */
  readonly timeoutMs?: number | undefined;
}

/** All that a process has written, and how it ended. */
export interface Output {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly exit: ExitStatus;
}

/** What comes of a process: bytes, and last its exit status. */
export type OutputPart =
  | { readonly kind: 'stdout' | 'stderr'; readonly data: Uint8Array }
  | { readonly kind: 'exit'; readonly status: ExitStatus };

const largestPiece = 64 * 1024;

/** Passes copies on, in pieces: the bytes that come may be overwritten, and a message has its greatest size. */
class Copy extends Transform {
  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    for (let at = 0; at < chunk.length; at += largestPiece)
      this.push(Buffer.from(chunk.subarray(at, at + largestPiece)));
    done();
  }
}

/** What the program writes and the process has no room for yet: the program waits for that, such as for the event `drain`. */
class Stdin extends Copy {
  #taken = (): void => {};

  override _write(chunk: Buffer, encoding: BufferEncoding, done: TransformCallback): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#taken = resolve;
    void waiting(promise);
    super._write(chunk, encoding, (error) => {
      resolve();
      done(error);
    });
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#taken();
    super._destroy(error, done);
  }
}

/** The end of a session that is in this program. */
class ProgramFront implements Front {
  readonly stdin: Stdin | null;
  readonly stdout = new Copy();
  readonly stderr = new Copy();
  readonly keys: readonly number[] = [];
  readonly notices: string[] = [];
  windowSize: TerminalSize | undefined;

  constructor({ tty, stdin }: SessionOptions) {
    this.stdin = stdin === undefined || stdin === false ? null : new Stdin();
    this.windowSize = typeof tty === 'object' ? tty : undefined;
  }

  size() {
    return this.windowSize && { ...this.windowSize, xPixels: 0, yPixels: 0 };
  }

  notice(text: string): void {
    this.notices.push(text);
  }

  // Only terminals that are typed into have these.
  ready(): void {}
  hungUp(): void {}
  typedWhileAway(): void {}
  leave(): void {}
}

/**
 * A process in a container, of which every byte comes, across restarts of likerd. It ends with the program that started it.
 *
 * @example
 * const job = await box.exec(['sh', '-c', 'echo out; echo err >&2; exit 3']);
 * for await (const part of job) {
 *   if (part.kind === 'exit') console.log(part.status.code); //> 3
 * }
 */
export class Process implements AsyncIterable<OutputPart>, AsyncDisposable {
  readonly #front: ProgramFront;
  readonly #session: Session;
  readonly #ended: Promise<ExitStatus>;
  readonly #asked = new Set<Readable>();
  readonly #stop = new AbortController();
  readonly #late = new Deadline();
  #ready: Ready | undefined;
  #isOver = false;

  private constructor(engine: Engine, open: () => SessionCall, options: SessionOptions, started: () => void) {
    this.#front = new ProgramFront(options);
    const session = {
      connection: engine.connection,
      open,
      tty: options.tty !== undefined && options.tty !== false,
      readOnly: false,
      onReady: (ready: Ready): void => {
        this.#ready = ready;
        this.#late.start(options.timeoutMs);
        started();
      },
    };
    this.#session = new Session(session, this.#front);
    this.#ended = this.#run(options);
    this.#ended.catch(() => {});
  }

  /** Resolves when the process has been started. */
  static async open(engine: Engine, open: () => SessionCall, options: SessionOptions): Promise<Process> {
    options.signal?.throwIfAborted();
    const { promise, resolve } = Promise.withResolvers<void>();
    const process = new Process(engine, open, options, resolve);
    await waiting(Promise.race([promise, process.#ended]));
    const { stdin } = options;
    if (stdin !== undefined && typeof stdin !== 'boolean') void process.#feed(stdin);
    return process;
  }

  /** What it reads. Ending the stream ends its input. Only with the option `stdin: true`. */
  get stdin(): Writable {
    if (this.#front.stdin) return this.#front.stdin;
    throw new LikerError('NO_STDIN', "Cannot write to a process without stdin: start it with 'stdin: true'");
  }

  /** What it writes to stdout; with a terminal, all that it writes. */
  get stdout(): Readable {
    return this.#ask(this.#front.stdout);
  }

  /** What it writes to stderr. */
  get stderr(): Readable {
    return this.#ask(this.#front.stderr);
  }

  /** The same streams as Web Streams. */
  get web(): {
    readonly stdin: WritableStream<Uint8Array>;
    readonly stdout: ReadableStream<Uint8Array>;
    readonly stderr: ReadableStream<Uint8Array>;
  } {
    const process = this;
    const readable = (stream: Readable) => Readable.toWeb(stream) as ReadableStream<Uint8Array>;
    return {
      get stdin() {
        return Writable.toWeb(process.stdin) as WritableStream<Uint8Array>;
      },
      get stdout() {
        return readable(process.stdout);
      },
      get stderr() {
        return readable(process.stderr);
      },
    };
  }

  /** Its id on the host; 0 if it could not be started. */
  get pid(): number {
    return this.#ready?.pid ?? 0;
  }

  /** What its caller should know, such as that output was lost. */
  get warnings(): readonly string[] {
    return this.#front.notices;
  }

  /**
   * How it ended. A command that cannot be executed has ended with 126 or 127, and `startError` says why. Output that nobody has asked for
   * by then is dropped. Rejects if its end cannot be known, and with the reason of the signal that aborted it.
   */
  get exited(): Promise<ExitStatus> {
    setImmediate(() => this.#dropUnasked());
    return waiting(this.#ended);
  }

  /** Reads all that it writes until it ends. */
  async output(): Promise<Output> {
    const [stdout, stderr, exit] = await Promise.all([
      bytesOf(this.stdout),
      bytesOf(this.stderr),
      this.exited,
    ]);
    return { stdout, stderr, exit };
  }

  /** All that it writes, in the order of its coming, and last its exit status. */
  async *[Symbol.asyncIterator](): AsyncGenerator<OutputPart, void, undefined> {
    const sources = (['stdout', 'stderr'] as const).map((kind) => {
      const stream = this[kind];
      return { kind, stream, pieces: stream.iterator({ destroyOnReturn: false }) };
    });
    const read = async (source: (typeof sources)[number]) => ({ source, result: await source.pieces.next() });
    const reads = new Map(sources.map((source) => [source.kind, read(source)]));
    try {
      while (reads.size > 0) {
        const { source, result } = await Promise.race(reads.values());
        const { kind } = source;
        if (result.done) reads.delete(kind);
        else {
          reads.set(kind, read(source));
          yield { kind, data: result.value as Uint8Array };
        }
      }
      yield { kind: 'exit', status: await this.exited };
    } finally {
      for (const pending of reads.values()) pending.catch(() => {});
      // What is left unread is dropped, so that the process is not held.
      for (const { stream, pieces } of sources) void pieces.return?.().then(() => stream.resume());
    }
  }

  /** Sends it a signal, with a terminal to the processes in its foreground. Returns false if it has ended, or while likerd is away. */
  kill(signal: NodeJS.Signals = 'SIGTERM'): boolean {
    return !this.#isOver && this.#session.signal(signal);
  }

  /** Changes the size of its terminal. */
  resize(size: TerminalSize): void {
    this.#front.windowSize = size;
    if (!this.#isOver) this.#session.sendSize();
  }

  /** Kills it, unless it has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new LikerError('CANCELLED', 'The process was killed as its scope ended'));
    await waiting(this.#ended.catch(() => {}));
  }

  async #run({ signal, timeoutMs }: SessionOptions): Promise<ExitStatus> {
    using late = this.#late;
    const bounds = [signal, late.signal, this.#stop.signal].filter((bound) => bound !== undefined);
    const bound = AbortSignal.any(bounds);
    const abort = (): void => this.#session.abort(asError(bound.reason));
    bound.addEventListener('abort', abort);
    try {
      const end = await abortable(this.#session.run(), bound);
      if (end.kind === 'exit') return end.status;
      throw new LikerError('CANCELLED', 'The session was detached');
    } catch (error) {
      const told =
        bound.aborted && bound.reason === late.signal.reason
          ? new LikerError('TIMED_OUT', `The process was killed: it did not end within ${timeoutMs} ms`)
          : error;
      // Readers learn of it; a stream that nobody has asked for has nobody to hear of an error.
      for (const stream of this.#asked) stream.destroy(asError(told));
      throw told;
    } finally {
      bound.removeEventListener('abort', abort);
      this.#isOver = true;
      this.#front.stdout.end();
      this.#front.stderr.end();
      this.#front.stdin?.destroy();
    }
  }

  #ask(stream: Readable): Readable {
    if (this.#asked.has(stream)) return stream;
    this.#asked.add(stream);
    stream.on('error', () => {});
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const event of ['end', 'close']) stream.once(event, () => resolve());
    // What has come by the end of the session waits in memory.
    waiting(Promise.race([promise, this.#ended])).catch(() => {});
    return stream;
  }

  #dropUnasked(): void {
    for (const stream of [this.#front.stdout, this.#front.stderr])
      if (!this.#asked.has(stream)) stream.resume();
  }

  async #feed(input: Input): Promise<void> {
    const source = typeof input === 'string' || input instanceof Uint8Array ? [input] : input;
    try {
      await pipeline(source, this.stdin);
    } catch (error) {
      // A process may end before it has read everything.
      if (!this.#isOver) this.#stop.abort(asError(error));
    }
  }
}

async function bytesOf(stream: Readable): Promise<Buffer> {
  return Buffer.concat(await stream.toArray());
}
