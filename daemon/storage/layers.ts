import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { hexOf } from './content.ts';
import type { Trash } from './trash.ts';

const layerName = /^sha256-[0-9a-f]{64}$/;

/** Layers of images, unpacked, below ROOT/layers: each a folder that an overlay takes as a lower one. */
export class LayerFolders {
  readonly #layers: string;
  readonly #ingest: string;
  readonly #trash: Pick<Trash, 'take' | 'empty'>;

  /** `trash`: that of `root`. */
  constructor(root: string, trash: Pick<Trash, 'take' | 'empty'>) {
    this.#layers = join(root, 'layers');
    this.#ingest = join(root, 'ingest');
    this.#trash = trash;
    for (const folder of [this.#layers, this.#ingest]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Where the layer is. */
  of(diffId: string): string {
    return join(this.#layers, `sha256-${hexOf(diffId)}`);
  }

  /** Diff ids of all folders. Other entries are not Liker's. */
  list(): string[] {
    return readdirSync(this.#layers)
      .filter((name) => layerName.test(name))
      .map((name) => name.replace('-', ':'));
  }

  /** Makes an empty folder to unpack a layer in. */
  async begin(): Promise<string> {
    const folder = join(this.#ingest, `unpack-${randomUUID()}`);
    await mkdir(folder, { mode: 0o755 });
    return folder;
  }

  /** The folder holds the whole layer. The caller has synchronized it with the disk. */
  async commit(folder: string, diffId: string): Promise<void> {
    try {
      await rename(folder, this.of(diffId));
    } catch (error) {
      // It is there: its contents are the same, or else it would not have this name.
      if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      this.#discard(folder);
    }
  }

  /** Gives up a folder that `begin` has made. */
  abandon(folder: string): void {
    this.#discard(folder);
  }

  remove(diffId: string): void {
    this.#discard(this.of(diffId));
  }

  #discard(folder: string): void {
    const trashed = this.#trash.take(folder);
    if (trashed !== null) this.#trash.empty(trashed);
  }
}
