import { visible } from './visible.ts';

const clearToEndOfLine = '\x1b[K';
const clearBelow = '\x1b[J';
const leastRows = 4;

/** Lines that are redrawn in place, at the end of what the terminal shows. What was drawn last stays. */
export class LiveLines {
  readonly #stream: NodeJS.WriteStream;
  #drawn = 0;

  /** The stream is a terminal. */
  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** Lines that do not fit on the screen are left out, the first ones first: a terminal cannot go back to them. */
  draw(lines: readonly string[]): void {
    // Some terminals say 0.
    const columns = this.#stream.columns || 80;
    const rows = this.#stream.rows || 24;
    const room = Math.max(rows - 1, leastRows);
    const hidden = lines.length - room;
    const shown = hidden > 0 ? [`… ${hidden + 1} more`, ...lines.slice(hidden + 1)] : lines;
    const cut = shown.map((line) => [...visible(line)].slice(0, columns - 1).join('') + clearToEndOfLine);
    const back = this.#drawn === 0 ? '' : `\x1b[${this.#drawn}A`;
    this.#stream.write(`${back}${cut.map((line) => `${line}\n`).join('')}${clearBelow}`);
    this.#drawn = shown.length;
  }
}
