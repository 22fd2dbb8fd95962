import type { Store } from '../../../store/store.ts';
import type { BlobRow } from '../../../store/tables/blob.ts';
import type { ImageRow } from '../../../store/tables/image.ts';
import type { LayerRow } from '../../../store/tables/layer.ts';
import type { ImageDigestRow } from '../../../store/tables/manifest.ts';
import type { RequestRow } from '../../../store/tables/request.ts';
import type { NewEvent } from '../../journal/event.ts';
import type { Journal } from '../../journal/journal.ts';
import { type RequestKey, resultOf } from '../../journal/requests.ts';

/** A folder in layers/ that is complete. */
export interface NewLayer {
  readonly layer: LayerRow;
  /** Of its file in recipes/; null: it has none. */
  readonly recipeSize: number | null;
  /** Its archives that are kept in blobs/. */
  readonly archives: readonly BlobRow[];
}

/** An image that has come: its rows. Its layers have theirs already. */
export interface NewImage {
  readonly image: ImageRow;
  /** The lowest first. */
  readonly diffIds: readonly string[];
  /** The configuration and manifests, which are in blobs/. */
  readonly blobs: readonly BlobRow[];
  /** Digests of its manifests, and of the indexes that led to them. */
  readonly manifests: readonly string[];
  readonly digests: readonly Omit<ImageDigestRow, 'imageId'>[];
  /** Canonical, with tags. */
  readonly names: readonly string[];
}

/** What images are known by. */
export interface Named {
  /** Canonical, with tags. */
  readonly names: readonly string[];
  readonly digests: readonly Pick<ImageDigestRow, 'repository' | 'digest'>[];
}

/** Ids, diff ids and digests of rows that go together. */
export interface Removal {
  readonly images: readonly string[];
  readonly layers: readonly string[];
  readonly blobs: readonly string[];
}

type Tables = Pick<
  Store,
  'blobs' | 'layers' | 'recipes' | 'layerBlobs' | 'images' | 'imageNames' | 'manifests' | 'containerImages'
>;

/** The rows of images, layers and blobs. Every change of them goes through here, with its events. */
export class ImageLedger {
  /** For reading. */
  readonly rows: Tables;
  readonly #journal: Journal;

  constructor(journal: Journal, store: Store) {
    this.#journal = journal;
    this.rows = store;
  }

  addLayer({ layer, recipeSize, archives }: NewLayer): void {
    const { diffId } = layer;
    const write = (): void => {
      this.rows.layers.insert(layer);
      if (recipeSize !== null) this.rows.recipes.set({ diffId, size: recipeSize });
      for (const blob of archives) {
        this.rows.blobs.insert(blob);
        this.rows.layerBlobs.insert({ digest: blob.digest, diffId });
      }
    };
    this.#journal.decide({ write });
  }

  /** The files are gone: recipes of these layers, and archives with these digests. */
  forgetArchives({
    recipes,
    archives,
  }: {
    readonly recipes: readonly string[];
    readonly archives: readonly string[];
  }): void {
    const write = (): void => {
      for (const diffId of recipes) this.rows.recipes.delete(diffId);
      for (const digest of archives) {
        this.rows.layerBlobs.delete(digest);
        this.rows.blobs.delete(digest);
      }
    };
    this.#journal.decideUnlessFull({ write });
  }

  addImage(
    { image, diffIds, blobs, manifests, digests, names }: NewImage,
    ...events: readonly NewEvent[]
  ): void {
    const write = (): void => {
      for (const blob of blobs) this.rows.blobs.insert(blob);
      this.rows.images.insert(image, diffIds);
      for (const digest of manifests) this.rows.manifests.insert({ digest, imageId: image.id });
      for (const digest of digests) this.rows.manifests.insertDigest(digest);
      for (const name of names) this.rows.imageNames.set({ name, imageId: image.id });
    };
    this.#journal.decide({ write, events });
  }

  /** Gives a name to an image, and takes it from any other. */
  tag(imageId: string, name: string, event: NewEvent): void {
    this.#journal.decide({ write: () => this.rows.imageNames.set({ name, imageId }), events: [event] });
  }

  /** The result of the first call with this request_id; null when this is the first. Errors: REQUEST_ID_REUSED. */
  resultOf(request: RequestKey | null): string | null {
    return resultOf(this.#journal, request);
  }

  untag({ names, digests }: Named, events: readonly NewEvent[], request: RequestRow | null = null): void {
    if (names.length + digests.length === 0) return;
    this.#journal.decide({ write: () => this.#untag({ names, digests }), events, request });
  }

  /**
   * An image, layers that no other has, and its blobs. A removal makes room, so a full disk delays it. Remove the files afterwards: a
   * start finds rows without files, and deletes them.
   */
  remove(
    { images, layers, blobs }: Removal,
    events: readonly NewEvent[],
    request: RequestRow | null = null,
  ): void {
    const write = (): void => {
      for (const id of images) this.rows.images.delete(id);
      for (const diffId of layers) this.rows.layers.delete(diffId);
      for (const digest of blobs) this.rows.blobs.delete(digest);
    };
    this.#journal.decideUnlessFull({ write, events, request });
  }

  #untag({ names, digests }: Named): void {
    for (const name of names) this.rows.imageNames.delete(name);
    for (const digest of digests) this.rows.manifests.deleteDigest(digest);
  }
}
