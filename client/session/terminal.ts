import { type ChildProcess, spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
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
  readonly #continueRaw = (): void => void this.#setRaw();
  #isRaw = false;
  #stty: ChildProcess | undefined;

  get isRaw(): boolean {
    return this.#isRaw;
  }

  /** Enters raw mode. Resolves when output passes unchanged as well. */
  async enterRaw(): Promise<void> {
    process.on('exit', this.#restoreAtExit);
    process.on('SIGCONT', this.#continueRaw);
    this.#isRaw = true;
    await this.#setRaw();
  }

  async #setRaw(): Promise<void> {
    process.stdin.setRawMode(false);
    process.stdin.setRawMode(true);
    await this.#disableOutputProcessing();
  }

  /**
   * Raw mode of Node keeps "\n" to "\r\n" on output, but a bare "\n" of a full-screen program is "cursor down": the
   * container's terminal has done that translation already. Without stty the picture is a little off, no more.
   */
  #disableOutputProcessing(): Promise<void> {
    return new Promise((resolve) => {
      this.#stty = spawn('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
      this.#stty.once('error', () => resolve());
      this.#stty.once('exit', () => resolve());
    });
  }

  /** Leaves raw mode; may be called at any time, and several times. `reset` undoes what a cut-off program left. */
  restore({ reset }: { readonly reset: boolean }): void {
    if (!this.#isRaw) return;
    this.#isRaw = false;
    process.off('exit', this.#restoreAtExit);
    process.off('SIGCONT', this.#continueRaw);
    // It must not come after us.
    this.#stty?.kill('SIGKILL');
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
  return { columns: stream.columns, rows: stream.rows, xPixels: 0, yPixels: 0 };
}
