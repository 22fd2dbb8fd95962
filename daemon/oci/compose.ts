import { digestOf } from '../../common/digest.ts';
import { type Descriptor, type ManifestDocument, readDocument } from './document.ts';
import { type Family, typesOf } from './media-types.ts';

/** What a manifest says of a blob. */
export type Part = Pick<Descriptor, 'mediaType' | 'digest' | 'size' | 'annotations'>;

export interface Parts {
  readonly family: Family;
  readonly configuration: Part;
  /** The lowest first. */
  readonly layers: readonly Part[];
}

/** A new manifest. The same parts make the same bytes. */
export function composeManifest({ family, configuration, layers }: Parts): ManifestDocument {
  const { manifest: mediaType } = typesOf[family];
  const content = {
    schemaVersion: 2,
    mediaType,
    config: written(configuration),
    layers: layers.map(written),
  };
  const bytes = Buffer.from(JSON.stringify(content));
  const document = readDocument(bytes, { mediaType, digest: digestOf(bytes), what: 'a new manifest' });
  if (document.kind !== 'manifest') throw new Error(`A '${mediaType}' was read as ${document.kind}`);
  return document;
}

function written({ mediaType, digest, size, annotations }: Part) {
  return { mediaType, digest, size, ...(annotations && { annotations }) };
}
