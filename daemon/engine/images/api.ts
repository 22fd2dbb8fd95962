import type { Compression } from '../../oci/media-types.ts';
import type { Access } from '../../registry/api.ts';
import type { Filter } from '../filter.ts';
import type { Repeatable } from '../journal/requests.ts';
import type { Configuration } from './model/configuration.ts';

/** Images, as the edge uses them. A reference is a name, a name with a digest, an id or a unique prefix of one. */
export interface ImageService {
  /** The last frame is `done`. */
  pull(request: PullRequest, signal: AbortSignal): AsyncIterable<PullFrame>;
  /** `bytes` is the archive. */
  load(bytes: AsyncIterable<Uint8Array>, options: LoadOptions, signal: AbortSignal): AsyncIterable<LoadFrame>;
  /** The last frame is `pushed`. */
  push(request: PushRequest, signal: AbortSignal): AsyncIterable<PushFrame>;
  /** The `data` frames have the archive's bytes, in their order. It is complete when they end. */
  save(request: SaveRequest, signal: AbortSignal): AsyncIterable<SaveFrame>;
  /** `bytes` is the tar of a root file system, or an App Container image. */
  import(bytes: AsyncIterable<Uint8Array>, options: ImportOptions, signal: AbortSignal): Promise<MadeHere>;
  get(reference: string): Promise<ImageDetails>;
  /** Newest first. */
  list(filters: readonly Filter[]): Promise<readonly ImageView[]>;
  history(reference: string): Promise<readonly HistoryEntry[]>;
  tag(reference: string, name: string): Promise<void>;
  /** Takes these names, or all if there are none, from an image. Returns those that it had. */
  untag(reference: string, names: readonly string[]): Promise<readonly string[]>;
  remove(
    reference: string,
    options: { readonly force: boolean } & Partial<Repeatable>,
  ): Promise<RemovedImage>;
  prune(options: { readonly all: boolean; readonly filters: readonly Filter[] }): Promise<Pruned>;
}

export interface ImageView {
  /** sha256:HEX, of its configuration. */
  readonly id: string;
  /** Canonical, with tags. */
  readonly names: readonly string[];
  /** REPOSITORY@DIGEST. */
  readonly digests: readonly string[];
  /** When it was made, in milliseconds since the epoch; null: it does not say. */
  readonly createdAt: number | null;
  /** When it came here. */
  readonly storedAt: number;
  /** Of its layers, on the disk. */
  readonly sizeBytes: number;
  readonly containers: number;
  readonly labels: Readonly<Record<string, string>>;
  /** linux/amd64 */
  readonly platform: string;
}

export interface ImageDetails extends ImageView {
  readonly configuration: Configuration;
  /** As it came. */
  readonly configurationText: string;
  /** The lowest first. */
  readonly layers: readonly { readonly diffId: string; readonly sizeBytes: number }[];
}

export interface HistoryEntry {
  readonly createdAt: number | null;
  readonly createdBy: string;
  readonly comment: string;
  readonly sizeBytes: number;
  readonly names: readonly string[];
  /** Empty: the image that ends with this step is not here. */
  readonly imageId: string;
}

export interface PullRequest extends Access {
  readonly reference: string;
  /** OS/ARCH[/VARIANT]; empty: this machine's. */
  readonly platform: string;
  /** Keep the archives of its layers, so that it can be given away in the same bytes. */
  readonly keepBlobs: boolean;
}

/** As PullRequest's. */
export type LoadOptions = Pick<PullRequest, 'platform' | 'keepBlobs'>;

export interface PushRequest extends Access {
  /** A name with or without a tag. */
  readonly name: string;
  /** All tags of the name's repository. */
  readonly allTags: boolean;
}

export interface SaveRequest {
  /** A name without tag and digest means all tags of its repository. */
  readonly references: readonly string[];
  readonly form: ArchiveForm;
  /** Null: as the archives came where they are kept, else none. */
  readonly compression: Compression | null;
}

/** `both`: an OCI layout with Docker's manifest.json beside it. */
export type ArchiveForm = 'both' | 'oci' | 'docker';

/** Of layers that come, and of layers that go. */
export type Stage =
  | 'waiting'
  | 'downloading'
  | 'unpacking'
  | 'done'
  | 'exists'
  | 'packing'
  | 'sending'
  | 'mounted';

export interface ImportOptions {
  /** Empty: none. Without a tag it gets latest. */
  readonly name: string;
  /** Comment of its history; empty: one that names the source. */
  readonly message: string;
  /** Instructions of a Dockerfile. */
  readonly changes: readonly string[];
  /** As PullRequest's. */
  readonly platform: string;
  /** Where the client has it from. */
  readonly source: string;
}

/** An image that was made here. */
export interface MadeHere {
  readonly image: ImageView;
  /** What of its source it does not have. */
  readonly warnings: readonly string[];
}

export interface LayerProgress {
  /** Of the archive as it comes; of a layer that goes, its diff id. */
  readonly digest: string;
  readonly stage: Stage;
  readonly bytes: number;
  /** 0: not known yet. */
  readonly totalBytes: number;
  /** Of `mounted`: the repository that had it. */
  readonly mountedFrom?: string;
}

export type PullFrame =
  | { readonly kind: 'resolved'; readonly digest: string; readonly layers: readonly LayerProgress[] }
  | { readonly kind: 'progress'; readonly layer: LayerProgress }
  | {
      readonly kind: 'done';
      readonly image: ImageView;
      readonly changed: boolean;
      /** What its user should know. */
      readonly warnings: readonly string[];
    };

export type LoadFrame =
  | { readonly kind: 'progress'; readonly layer: LayerProgress }
  | {
      readonly kind: 'loaded';
      readonly image: ImageView;
      readonly names: readonly string[];
      /** What its user should know. */
      readonly warnings: readonly string[];
    };

export type PushFrame =
  | { readonly kind: 'progress'; readonly layer: LayerProgress }
  | { readonly kind: 'pushed'; readonly tag: string; readonly digest: string; readonly sizeBytes: number };

export type SaveFrame =
  | { readonly kind: 'progress'; readonly layer: LayerProgress }
  | { readonly kind: 'data'; readonly bytes: Uint8Array };

export interface RemovedImage {
  /** Names, and REPOSITORY@DIGEST, that are gone. */
  readonly untagged: readonly string[];
  /** Null: the image stays. */
  readonly id: string | null;
  /** Diff ids of the layers that went with it, the uppermost first. */
  readonly layers: readonly string[];
  readonly reclaimedBytes: number;
}

export interface Pruned {
  readonly removed: readonly RemovedImage[];
  /** With downloads and layers that no image has. */
  readonly reclaimedBytes: number;
}
