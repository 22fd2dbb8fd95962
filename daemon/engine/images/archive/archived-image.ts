import type { Document } from '../../../oci/document.ts';
import type { LayerSource } from '../layers/source.ts';

/** An image as an archive has it. */
export interface ArchivedImage {
  /** Canonical, with tags. */
  readonly names: readonly string[];
  /** Bytes of its configuration. */
  readonly configuration: Buffer;
  /** The lowest first. */
  readonly layers: readonly LayerSource[];
  /** Its manifest and the indexes that lead to it, where the archive has them. */
  readonly documents: readonly Document[];
}
