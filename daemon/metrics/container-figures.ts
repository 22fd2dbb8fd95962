import type { ContainerSample, StatsService } from '../engine/stats/model.ts';
import { Slices } from '../loop/turns.ts';
import { families } from './families.ts';

/**
 * The figures of all running containers in Prometheus' text format, in chunks. The library is not used here: what it keeps for
 * every line would cost more than reading the figures.
 */
export async function* containerFigures(stats: StatsService): AsyncGenerator<Uint8Array> {
  const options = { containers: [], all: false, intervalMs: null, watched: true };
  const { containers } = await stats.read(options, new AbortController().signal);
  const running = containers.map((sample) => ({ figures: sample.figures, labels: identity(sample) }));
  const text = new Text();
  const slices = new Slices();
  for (const { name, type, help, write } of families) {
    let head = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    let labels = '';
    const add = (value: number | null | undefined, more = ''): void => {
      if (value === null || value === undefined) return;
      text.add(`${head}${name}{${labels}${more}} ${value}\n`);
      head = '';
    };
    for (const container of running) {
      if (slices.over) await slices.next();
      labels = container.labels;
      if (container.figures !== null) write(container.figures, add);
      if (text.isLong) yield text.take();
    }
  }
  yield text.take();
}

/** Ids and names contain nothing that needs escaping. */
function identity({ id, name }: ContainerSample): string {
  return `id="${id}",name="${name}"`;
}

const longBytes = 64 * 1024;

/** Collects text as bytes, line by line: encoding a string that was built by concatenation costs three times as much. */
class Text {
  #bytes = Buffer.allocUnsafe(longBytes);
  #length = 0;

  add(line: string): void {
    const most = this.#length + Buffer.byteLength(line);
    if (most > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], 2 * most);
    this.#length += this.#bytes.write(line, this.#length);
  }

  /** Long enough to be sent. */
  get isLong(): boolean {
    return this.#length > longBytes / 2;
  }

  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = Buffer.allocUnsafe(longBytes);
    this.#length = 0;
    return taken;
  }
}
