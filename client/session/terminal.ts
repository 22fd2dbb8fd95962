import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, writeSync } from 'node:fs';
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
  readonly #continueRaw = (): void => void this.#setRaw();
  #isRaw = false;
  #helper: ChildProcess | undefined;

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
   * container's terminal has done that translation already. Without the helper the picture is a little off, no more.
   */
  #disableOutputProcessing(): Promise<void> {
    return new Promise((resolve) => {
      this.#helper = spawn(helperPath(), ['no-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
      this.#helper.once('error', () => resolve());
      this.#helper.once('exit', () => resolve());
    });
  }

  /** Leaves raw mode; may be called at any time, and several times. `reset` undoes what a cut-off program left. */
  restore({ reset }: { readonly reset: boolean }): void {
    if (!this.#isRaw) return;
    this.#isRaw = false;
    process.off('exit', this.#restoreAtExit);
    process.off('SIGCONT', this.#continueRaw);
    // It must not come after us.
    this.#helper?.kill('SIGKILL');
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
  const unknown = { xPixels: 0, yPixels: 0 };
  if (!process.stdin.isTTY) return unknown;
  const { stdout } = spawnSync(helperPath(), ['size'], {
    stdio: ['inherit', 'pipe', 'ignore'],
    encoding: 'latin1',
  });
  const [, , xPixels, yPixels] = (stdout ?? '').trim().split(' ').map(Number);
  return xPixels && yPixels ? { xPixels, yPixels } : unknown;
}

/** native/src/tty: what Node cannot ask or tell a terminal. Beside the bundle's folder, or the sources'. */
function helperPath(): string {
  const candidates = ['..', '../..'].map((up) => join(import.meta.dirname, up, 'native/build/liker-tty'));
  return candidates.find((path) => existsSync(path)) ?? 'liker-tty';
}
