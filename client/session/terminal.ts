import { writeSync } from 'node:fs';
import { join } from 'node:path';
import type { WindowSize } from '../../common/shim/encode.ts';
import { setRaw } from '../output/print.ts';
import { isTerminal, stream } from '../output/streams.ts';

/**
 * Restores what a shell expects: normal screen (1047 does not move the cursor if that is shown already), no mouse reports, no
 * bracketed paste, normal cursor keys and keypad, no attributes, visible cursor.
 */
export const terminalReset =
  '\x1b[?1047l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1004l\x1b[?2004l\x1b[?1l\x1b>\x1b[0m\x1b[?25h';

/** The user's terminal, in raw mode during a session with a terminal. */
export class Terminal {
  readonly #restoreAtExit = (): void => this.restore({ reset: true });
  readonly #continueRaw = (): void => this.#setRaw();
  #isRaw = false;

  get isRaw(): boolean {
    return this.#isRaw;
  }

  /** `cooked`: the settings to restore, if the terminal is in raw mode already. */
  enterRaw(cooked: Uint8Array | null): void {
    process.on('exit', this.#restoreAtExit);
    process.on('SIGCONT', this.#continueRaw);
    this.#isRaw = true;
    setRaw(true);
    if (cooked) native()?.cook(cooked);
    this.#setRaw();
  }

  /**
   * Node.js' raw mode still turns "\n" into "\r\n" on output. The container's terminal has done so already, and a bare "\n" of a
   * full-screen program means "cursor down".
   */
  #setRaw(): void {
    process.stdin.setRawMode(false);
    process.stdin.setRawMode(true);
    native()?.passOutput();
  }

  /** Does something that is shown and interrupted as without a session. */
  async whileCooked<Result>(act: () => Promise<Result>): Promise<Result> {
    const wasRaw = this.#isRaw;
    this.restore({ reset: false });
    try {
      return await act();
    } finally {
      if (wasRaw) this.enterRaw(null);
    }
  }

  /** Leaves raw mode. May be called at any time, and repeatedly. `reset` also undoes what a cut-off program left behind. */
  restore({ reset }: { readonly reset: boolean }): void {
    if (!this.#isRaw) return;
    this.#isRaw = false;
    setRaw(false);
    process.off('exit', this.#restoreAtExit);
    process.off('SIGCONT', this.#continueRaw);
    try {
      if (reset && isTerminal('stdout')) writeSync(1, terminalReset);
      process.stdin.setRawMode(false);
    } catch {
      // The terminal is gone: there is nothing to restore.
    }
  }
}

/** The size of the terminal that shows the output; undefined if there is none. */
export function terminalSize(): WindowSize | undefined {
  const name = (['stdout', 'stderr'] as const).find(isTerminal);
  if (name === undefined) return undefined;
  const { columns, rows } = stream(name);
  return columns && rows ? { columns, rows, ...pixels() } : undefined;
}

/** The size in pixels, which sixel and kitty graphics need; zeros if the terminal does not report it or is not stdin. */
function pixels(): { xPixels: number; yPixels: number } {
  const both = isTerminal('stdin') ? (native()?.pixels() ?? 0) : 0;
  return { xPixels: both >>> 16, yPixels: both & 0xffff };
}

/** Lets signals come that were held while this process became Node.js. */
export function releaseSignals(): void {
  native()?.releaseSignals();
}

/** native/src/tty: operations on the terminal of stdin that Node.js lacks. */
interface TtyAddon {
  /** The width in pixels in the upper 16 bits, the height in the lower. */
  pixels(): number;
  /** Turns off the translation of output. */
  passOutput(): void;
  /** Sets the terminal, now and when the process has ended. Node.js restores what it has found at its start, which is not this. */
  cook(termios: Uint8Array): void;
  releaseSignals(): void;
}

let addon: TtyAddon | null | undefined;

/** The addon, from beside the bundle's folder or the sources. Without it only the picture is slightly off. */
function native(): TtyAddon | null {
  if (addon !== undefined) return addon;
  addon = null;
  for (const up of ['..', '../..']) {
    const loaded = { exports: {} as TtyAddon };
    try {
      process.dlopen(loaded, join(import.meta.dirname, up, 'native/build/liker-tty.node'));
      addon = loaded.exports;
    } catch {
      // Try the other place.
    }
  }
  return addon;
}
