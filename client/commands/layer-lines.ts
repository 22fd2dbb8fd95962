import type { LayerProgress } from '../../proto/gen/types/liker/v1/LayerProgress.ts';
import { shortImageId } from '../format/image-name.ts';
import { layerText, type SettledWords } from '../format/progress-bar.ts';
import { LiveLines } from '../output/live-lines.ts';
import { type Output, stream } from '../output/streams.ts';
import { visible } from '../output/visible.ts';

const settled = ['STAGE_DONE', 'STAGE_EXISTS', 'STAGE_MOUNTED'];

/** Shows how far layers are: bars on a terminal, and one line for each that is there elsewhere. */
export class LayerLines {
  readonly #layers = new Map<string, LayerProgress>();
  readonly #stream: NodeJS.WriteStream;
  readonly #live: LiveLines | null;
  readonly #words: SettledWords;

  constructor(words: SettledWords, output: Output = 'stdout') {
    this.#words = words;
    this.#stream = stream(output);
    this.#live = this.#stream.isTTY ? new LiveLines(this.#stream) : null;
  }

  update(...layers: readonly LayerProgress[]): void {
    for (const layer of layers) {
      const isNew = !settled.includes(this.#layers.get(layer.digest)?.stage ?? '');
      this.#layers.set(layer.digest, layer);
      if (this.#live === null && isNew && settled.includes(layer.stage))
        this.#stream.write(`${visible(this.#lineOf(layer))}\n`);
    }
    this.#live?.draw([...this.#layers.values()].map((layer) => this.#lineOf(layer)));
  }

  #lineOf(layer: LayerProgress): string {
    return `${shortImageId(layer.digest)}: ${layerText(layer, this.#words)}`;
  }
}
