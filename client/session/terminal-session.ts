import { notice } from '../output/notice.ts';
import { printError } from '../output/print.ts';
import { isTerminal, stream } from '../output/streams.ts';
import { exitCode } from './exit-code.ts';
import type { HandedOver } from './handed-over.ts';
import { keyboardSignals, proxiedSignals } from './proxied-signals.ts';
import { type Front, Session, type SessionEnd, type SessionOptions } from './session.ts';
import { SignalHandling } from './signal-handling.ts';
import { releaseSignals, Terminal, terminalSize } from './terminal.ts';

/** A session of likerctl. */
export interface TerminalSessionOptions extends SessionOptions {
  /** Forward stdin. */
  readonly stdin: boolean;
  readonly detachKeys: readonly number[];
  readonly sigProxy: boolean;
  /** What likerctl in C has begun of the session. */
  readonly handedOver?: HandedOver | null;
}

/** Connects likerctl's own streams, terminal and signals to a session. Restores the terminal however it ends. */
export class TerminalSession implements Front {
  readonly stdin: typeof process.stdin | null;
  readonly keys: readonly number[];
  readonly size = terminalSize;
  readonly notice = notice;
  readonly #options: TerminalSessionOptions;
  readonly #session: Session;
  readonly #terminal = new Terminal();
  readonly #signals: SignalHandling;
  readonly #onResize = (): void => this.#session.sendSize();

  constructor(options: TerminalSessionOptions) {
    this.#options = options;
    this.stdin = options.stdin && !options.readOnly ? process.stdin : null;
    this.keys = this.stdin?.isTTY ? options.detachKeys : [];
    const { mend } = options;
    this.#session = new Session(
      {
        ...options,
        begun: options.handedOver?.call,
        ...(mend && { mend: (error: Error) => this.#terminal.whileCooked(() => mend(error)) }),
      },
      this,
    );
    this.#signals = new SignalHandling(
      {
        send: (signal) => this.#session.signal(signal),
        giveUp: (code) => this.#giveUp(code),
      },
      options.handedOver?.interrupts ?? 0,
    );
  }

  get stdout(): NodeJS.WriteStream {
    return stream('stdout');
  }

  get stderr(): NodeJS.WriteStream {
    return stream('stderr');
  }

  /** Resolves to the exit code of likerctl. Throws the daemon's error if there is no process to wait for. */
  async run(): Promise<number> {
    const { tty, sigProxy, readOnly, handedOver } = this.#options;
    const raw = tty && this.stdin?.isTTY === true;
    // A program on a terminal is controlled by keys: a signal that no key sends is meant for likerctl.
    const keyboardOnly = tty && (isTerminal('stdin') || isTerminal('stdout'));
    const passed = tty ? (keyboardOnly ? keyboardSignals : []) : proxiedSignals;
    this.#signals.start(sigProxy && !raw && !readOnly ? passed : []);
    if (raw) this.#terminal.enterRaw(handedOver?.cooked ?? null);
    handedOver?.tookTerminal();
    if (handedOver) releaseSignals();
    if (tty) stream('stdout').on('resize', this.#onResize);
    let end: SessionEnd | undefined;
    try {
      end = await this.#session.run();
      return end.kind === 'exit' ? exitCode(end.status) : 0;
    } finally {
      if (tty) stream('stdout').off('resize', this.#onResize);
      this.#signals.stop();
      this.#terminal.restore({ reset: end?.kind !== 'exit' });
      if (end?.kind === 'detached') {
        if (raw) printError('');
        notice('detached; the process continues');
      }
    }
  }

  ready(): void {
    this.#signals.ready();
    // It may have changed between both programs.
    if (this.#options.handedOver && this.#options.tty) this.#session.sendSize();
  }

  hungUp(): void {
    this.#signals.hungUp();
  }

  /** In raw mode ctrl-c and ctrl-\ are bytes. While disconnected they end the client. */
  typedWhileAway(bytes: Buffer): void {
    if (!this.#terminal.isRaw) return;
    if (bytes.includes(0x03)) this.#giveUp(130);
    else if (bytes.includes(0x1c)) this.#giveUp(131);
  }

  leave(): void {
    this.#giveUp(0);
  }

  /** Restores the terminal and ends likerctl. */
  #giveUp(code: number): never {
    this.#terminal.restore({ reset: this.#session.wasReady });
    process.exit(code);
  }
}
