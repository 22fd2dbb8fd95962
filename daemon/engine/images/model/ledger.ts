import type { Store } from '../../../store/store.ts';
import type { BlobRow } from '../../../store/tables/blob.ts';
import type { ImageRow } from '../../../store/tables/image.ts';
import type { LayerRow } from '../../../store/tables/layer.ts';
import type { ImageDigestRow } from '../../../store/tables/manifest.ts';
import type { NewEvent } from '../../journal/event.ts';
import type { Journal } from '../../journal/journal.ts';

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

type Tables = Pick<Store, 'blobs' | 'layers' | 'images' | 'imageNames' | 'manifests' | 'containerImages'>;

/** The rows of images, layers and blobs. Every change of them goes through here, with its events. */
export class ImageLedger {
  /** For reading. */
  readonly rows: Tables;
  readonly #journal: Journal;

  constructor(journal: Journal, store: Store) {
    this.#journal = journal;
    this.rows = store;
  }

  /** A folder in layers/ is complete. */
  addLayer(layer: LayerRow): void {
    this.#journal.decide({ write: () => this.rows.layers.insert(layer) });
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
}
