import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { chmod, mkdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isOpaque, syncFiles, treeRoom } from '../native/libliker.ts';
import { hexOf, isSha256 } from './content.ts';
import type { Trash } from './trash.ts';

const layerName = /^sha256-[0-9a-f]{64}$/;
const recipeSuffix = '.recipe';

/**
 * Layers of images, unpacked, below ROOT/layers: each a folder that an overlay takes as a lower one. ROOT/recipes has a file for each: what
 * its archive has beside the contents of these files.
 */
export class LayerFolders {
  /** The folder of all. */
  readonly folder: string;
  readonly #recipes: string;
  readonly #ingest: string;
  readonly #trash: Pick<Trash, 'take' | 'empty'>;
  /** Names of folders in ingest/ that are being unpacked. */
  readonly #drafts = new Set<string>();
  /** Layers that were asked whether they are opaque, with the answer. */
  readonly #opaque = new Map<string, boolean>();
  #syncing: Promise<void> = Promise.resolve();
  #nextSync: Promise<void> | null = null;

  /** `trash`: that of `root`. */
  constructor(root: string, trash: Pick<Trash, 'take' | 'empty'>) {
    this.folder = join(root, 'layers');
    this.#recipes = join(root, 'recipes');
    this.#ingest = join(root, 'ingest');
    this.#trash = trash;
    for (const folder of [this.folder, this.#recipes, this.#ingest])
      mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Where the layer is. */
  of(diffId: string): string {
    return `${this.folder}/${nameOf(diffId)}`;
  }

  /** Where its recipe is. */
  recipeOf(diffId: string): string {
    return join(this.#recipes, nameOf(diffId));
  }

  /** Diff ids of all folders. Other entries are not Liker's. */
  list(): string[] {
    return diffIdsIn(this.folder);
  }

  /** Diff ids of all recipes. */
  listRecipes(): string[] {
    return diffIdsIn(this.#recipes);
  }

  /** Whether the layer has its folder. */
  async exists(diffId: string): Promise<boolean> {
    return stat(this.of(diffId)).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
  }

  /**
   * Whether it hides all that lower layers have. `attributes`: where an overlay of this likerd has its marks. A layer never changes, so it
   * is asked once.
   */
  isOpaque(diffId: string, attributes: 'trusted' | 'user'): boolean {
    const known = this.#opaque.get(diffId);
    if (known !== undefined) return known;
    const answer = isOpaque(this.of(diffId), attributes);
    this.#opaque.set(diffId, answer);
    return answer;
  }

  /** Bytes that the layer takes on the disk. */
  size(diffId: string): Promise<number> {
    return treeRoom(this.of(diffId));
  }

  /** Bytes that its recipe takes on the disk; null: it has none. */
  recipeSize(diffId: string): Promise<number | null> {
    return stat(this.recipeOf(diffId)).then(
      ({ blocks }) => blocks * 512,
      () => null,
    );
  }

  /** Makes an empty folder to unpack a layer in. */
  async begin(): Promise<string> {
    const name = `unpack-${randomUUID()}`;
    const folder = join(this.#ingest, name);
    this.#drafts.add(name);
    try {
      await mkdir(folder);
    } catch (error) {
      this.#drafts.delete(name);
      throw error;
    }
    // What containers see as their root, unless the layer says otherwise. The folder above it is closed.
    await chmod(folder, 0o755);
    return folder;
  }

  /** Where the recipe of a layer is to be written, while that is unpacked in this folder. */
  recipeDraft(folder: string): string {
    return `${folder}${recipeSuffix}`;
  }

  /**
   * The folder holds the whole layer, and it has a recipe. When this resolves both have their places, are on the disk, and `store` has been called
   * with the bytes that the recipe takes: in the turn in which they get their places, so that no other call sees one without its row.
   */
  async commit(folder: string, diffId: string, store: (recipeBytes: number) => void): Promise<void> {
    await this.#sync();
    const { blocks } = await stat(this.recipeDraft(folder));
    renameSync(this.recipeDraft(folder), this.recipeOf(diffId));
    this.#put(folder, diffId);
    this.#opaque.delete(diffId);
    this.#drafts.delete(basename(folder));
    store(blocks * 512);
  }

  #put(folder: string, diffId: string): void {
    try {
      renameSync(folder, this.of(diffId));
    } catch (error) {
      // It is there: its contents are the same, or else it would not have this name.
      if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      this.#discard(folder);
    }
  }

  /** Gives up a folder that `begin` has made, with the draft of a recipe. */
  abandon(folder: string): void {
    this.#discard(folder);
    this.#discard(this.recipeDraft(folder));
    this.#drafts.delete(basename(folder));
  }

  /** Whether a name in ingest/ is that of a folder that is being unpacked, or of the draft of its recipe. */
  isDraft(name: string): boolean {
    return this.#drafts.has(name.replace(recipeSuffix, ''));
  }

  /** Removes a layer and its recipe, if they are there. */
  remove(diffId: string): void {
    if (!isSha256(diffId)) return;
    this.#opaque.delete(diffId);
    this.#discard(this.of(diffId));
    this.removeRecipe(diffId);
  }

  removeRecipe(diffId: string): void {
    this.#discard(this.recipeOf(diffId));
  }

  /** Of the whole file system, begun after this call: layers that are complete at about the same time share one. */
  #sync(): Promise<void> {
    this.#nextSync ??= this.#syncing
      .catch(() => {})
      .then(() => {
        this.#nextSync = null;
        this.#syncing = syncFiles(this.folder);
        return this.#syncing;
      });
    return this.#nextSync;
  }

  #discard(folder: string): void {
    const trashed = this.#trash.take(folder);
    if (trashed !== null) this.#trash.empty(trashed);
  }
}

function nameOf(diffId: string): string {
  return `sha256-${hexOf(diffId)}`;
}

function diffIdsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => layerName.test(name))
    .map((name) => name.replace('-', ':'));
}
