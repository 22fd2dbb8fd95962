import { writeSync } from 'node:fs';
import { join } from 'node:path';
import type { TerminalSizeInput } from '../../proto/gen/types/liker/v1/TerminalSize.ts';

/**
 * Back to what a shell expects: normal screen (1047 does not move the cursor when it is shown already), no mouse
 * reports, no bracketed paste, cursor keys and keypad normal, no attributes, cursor visible.
 */
export const terminalReset =
  '\x1b[?1047l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1004l\x1b[?2004l\x1b[?1l\x1b>\x1b[0m\x1b[?25h';

/** The user's own terminal, in raw mode for as long as a session with a terminal lasts. */
export class Terminal {
  readonly #restoreAtExit = (): void => this.restore({ reset: true });
  readonly #continueRaw = (): void => this.#setRaw();
  #isRaw = false;

  get isRaw(): boolean {
    return this.#isRaw;
  }

  enterRaw(): void {
    process.on('exit', this.#restoreAtExit);
    process.on('SIGCONT', this.#continueRaw);
    this.#isRaw = true;
    this.#setRaw();
  }

  /**
   * Raw mode of Node keeps "\n" to "\r\n" on output, but a bare "\n" of a full-screen program is "cursor down": the
   * container's terminal has done that translation already.
   */
  #setRaw(): void {
    process.stdin.setRawMode(false);
    process.stdin.setRawMode(true);
    native()?.passOutput();
  }

  /** Leaves raw mode; may be called at any time, and several times. `reset` undoes what a cut-off program left. */
  restore({ reset }: { readonly reset: boolean }): void {
    if (!this.#isRaw) return;
    this.#isRaw = false;
    process.off('exit', this.#restoreAtExit);
    process.off('SIGCONT', this.#continueRaw);
    try {
      if (reset && process.stdout.isTTY) writeSync(1, terminalReset);
      process.stdin.setRawMode(false);
    } catch {
      // The terminal itself is gone: there is nothing to restore.
    }
  }
}

/** Size of the terminal that shows the output; undefined when there is none. */
export function terminalSize(): TerminalSizeInput | undefined {
  const stream = [process.stdout, process.stderr].find((candidate) => candidate.isTTY);
  if (stream === undefined || !stream.columns || !stream.rows) return undefined;
  const { xPixels, yPixels } = pixels();
  return { columns: stream.columns, rows: stream.rows, xPixels, yPixels };
}

/** Size in pixels, as sixel and kitty graphics need it; zeros where the terminal does not tell, or is not stdin. */
function pixels(): { xPixels: number; yPixels: number } {
  const both = process.stdin.isTTY ? (native()?.pixels() ?? 0) : 0;
  return { xPixels: both >>> 16, yPixels: both & 0xffff };
}

/** native/src/tty: what Node cannot ask or tell a terminal, of standard input. */
interface TtyAddon {
  /** Width in pixels above the height, 16 bits each. */
  pixels(): number;
  /** Output passes unchanged. */
  passOutput(): void;
}

let addon: TtyAddon | null | undefined;

/** Beside the bundle's folder, or the sources'. Without it the picture is a little off, no more. */
function native(): TtyAddon | null {
  if (addon !== undefined) return addon;
  addon = null;
  for (const up of ['..', '../..']) {
    const loaded = { exports: {} as TtyAddon };
    try {
      process.dlopen(loaded, join(import.meta.dirname, up, 'native/build/liker-tty.node'));
      addon = loaded.exports;
    } catch {
      // The other place.
    }
  }
  return addon;
}
