import { writeSync } from 'node:fs';
import { stream } from './streams.ts';

/** Switch to the alternate screen without cursor, and back. */
const enterScreen = '\x1b[?1049h\x1b[?25l';
const leaveScreen = '\x1b[?25h\x1b[?1049l';
const home = '\x1b[H';
const clearToEndOfLine = '\x1b[K';
const clearBelow = '\x1b[J';

const fatalSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A screen that is redrawn in place. It is restored however the program ends. */
export class LiveScreen implements Disposable {
  #lines: readonly string[] = [];
  readonly #draw = (): void => this.#paint();
  readonly #end = (signal: NodeJS.Signals): void => {
    this[Symbol.dispose]();
    process.kill(process.pid, signal);
  };
  readonly #suspend = (): void => {
    stream('stdout').write(leaveScreen, () => {
      process.off('SIGTSTP', this.#suspend);
      process.kill(process.pid, 'SIGTSTP');
    });
  };
  readonly #resume = (): void => {
    process.on('SIGTSTP', this.#suspend);
    stream('stdout').write(enterScreen);
    this.#paint();
  };
  readonly #restore = (): void => {
    try {
      writeSync(1, leaveScreen);
    } catch {
      // The terminal is gone.
    }
  };

  constructor() {
    stream('stdout').write(enterScreen);
    process.on('exit', this.#restore);
    stream('stdout').on('resize', this.#draw);
    for (const signal of fatalSignals) process.on(signal, this.#end);
    process.on('SIGTSTP', this.#suspend);
    process.on('SIGCONT', this.#resume);
  }

  /** Replaces the lines on the screen, leaving out what does not fit. */
  draw(lines: readonly string[]): void {
    this.#lines = lines;
    this.#paint();
  }

  #paint(): void {
    const { columns, rows } = stream('stdout');
    const hidden = this.#lines.length - rows;
    const shown = hidden > 0 ? [...this.#lines.slice(0, rows - 1), `… ${hidden + 1} more`] : this.#lines;
    const cut = shown.map((line) => [...line].slice(0, columns).join('') + clearToEndOfLine);
    stream('stdout').write(home + cut.join('\r\n') + clearBelow);
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#restore);
    stream('stdout').off('resize', this.#draw);
    for (const signal of fatalSignals) process.off(signal, this.#end);
    process.off('SIGTSTP', this.#suspend);
    process.off('SIGCONT', this.#resume);
    this.#restore();
  }
}
