import * as v from 'valibot';
import { digestProblem } from '../../common/digest.ts';
import { asError, LikerError } from '../../common/errors.ts';
import { byName, check, fields, type Of, orNull } from '../../common/schema.ts';
import { isIndexType, isManifestType, isSchema1Type } from './media-types.ts';

const text = v.optional(v.string(), '');

const platformSchema = fields({
  os: text,
  architecture: text,
  variant: text,
});

const descriptorSchema = fields({
  mediaType: text,
  digest: v.pipe(
    v.string(),
    v.check((digest) => digestProblem(digest) === null, 'it is not a digest'),
  ),
  /** Bytes. */
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  platform: orNull(platformSchema),
  artifactType: text,
  /** Where else its bytes are. */
  urls: v.nullish(v.array(v.string()), []),
  annotations: orNull(byName(v.string())),
});

const indexSchema = fields({
  manifests: v.array(descriptorSchema),
});

const manifestSchema = fields({
  config: descriptorSchema,
  /** The lowest first. */
  layers: v.array(descriptorSchema),
});

/** What a document refers to: https://github.com/opencontainers/image-spec/blob/main/descriptor.md */
export interface Descriptor extends Of<typeof descriptorSchema> {}
export interface Index extends Of<typeof indexSchema> {}
export interface Manifest extends Of<typeof manifestSchema> {}

/** The bytes of an index or a manifest, whose digest has been checked, and what they say. */
export type Document = {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Buffer;
} & (
  | { readonly kind: 'index'; readonly content: Index }
  | { readonly kind: 'manifest'; readonly content: Manifest }
);

export type ManifestDocument = Extract<Document, { kind: 'manifest' }>;
export type IndexDocument = Extract<Document, { kind: 'index' }>;

/** Longer ones are refused, as registries do. */
export const longestDocument = 4 * 1024 * 1024;

const maker = "push the image again with a current tool, such as 'skopeo copy' or docker";

/**
 * Reads an index or a manifest. `mediaType` is what its descriptor or the registry says; empty: nothing. `what` is for errors, such as
 * the manifest of 'debian:13'. Throws BAD_IMAGE.
 */
export function readDocument(
  bytes: Buffer,
  { mediaType, digest, what }: { readonly mediaType: string; readonly digest: string; readonly what: string },
): Document {
  const refuse = (why: string, cause?: unknown): Error =>
    new LikerError('BAD_IMAGE', `Cannot use ${what} (${digest}): ${why}`, { metadata: { digest }, cause });
  if (bytes.length > longestDocument) throw refuse(`it has more than ${longestDocument} bytes`);
  const json = jsonOf(bytes);
  if (json === null) throw refuse('it is not a JSON object');
  const own = typeof json['mediaType'] === 'string' ? json['mediaType'] : '';
  const type = own || mediaType || guessType(json);
  if (isSchema1Type(type) || json['schemaVersion'] === 1) {
    throw refuse(`it is in Docker's old schema 1, which is not supported; ${maker}`);
  }
  // A document that reads as one thing here and as another elsewhere.
  if (own !== '' && isKnown(mediaType) && own !== mediaType) {
    throw refuse(`it says of itself that it is '${own}', but it was given as '${mediaType}'`);
  }
  if ('manifests' in json && ('layers' in json || 'config' in json)) {
    throw refuse('it is both an index and a manifest');
  }
  try {
    if (isIndexType(type)) {
      return { kind: 'index', mediaType: type, digest, bytes, content: check(indexSchema, json, 'index') };
    }
    if (isManifestType(type)) {
      const content = check(manifestSchema, json, 'manifest');
      return { kind: 'manifest', mediaType: type, digest, bytes, content };
    }
  } catch (error) {
    throw refuse(asError(error).message, error);
  }
  throw refuse(`it is '${type}', which is no image`);
}

function isKnown(mediaType: string): boolean {
  return isIndexType(mediaType) || isManifestType(mediaType);
}

function jsonOf(bytes: Buffer): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

/** OCI documents need not name their type, and some servers do not either. */
function guessType(json: Readonly<Record<string, unknown>>): string {
  if ('manifests' in json) return 'application/vnd.oci.image.index.v1+json';
  return 'layers' in json ? 'application/vnd.oci.image.manifest.v1+json' : '';
}
