import * as v from 'valibot';
import { fields, type Of, read } from '../../../common/schema.ts';

const bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const digest = v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/));

const progress = fields({ in: bytes, out: bytes });

const unpacked = fields({
  digest,
  size: bytes,
  diffId: digest,
  unpacked: bytes,
  entries: bytes,
  diskBytes: bytes,
  compression: v.picklist(['gzip', 'zstd', 'xz', 'bzip2', 'none']),
});

const failure = fields({
  error: v.picklist(['BAD_ARCHIVE', 'NO_SPACE', 'TOO_BIG', 'UNSUPPORTED', 'WRITE_FAILED']),
  path: v.optional(v.string(), ''),
  errno: v.optional(v.string(), ''),
  message: v.string(),
});

/** How far it is: bytes of the source that were read, and bytes of the uncompressed archive. */
export type UnpackProgress = Of<typeof progress>;

/**
 * What became of a layer. `digest` and `size` are of the source's bytes, `diffId` and `unpacked` of the uncompressed archive,
 * `diskBytes` is what its files take on the disk.
 */
export type UnpackedLayer = Of<typeof unpacked>;

export type UnpackFailure = Of<typeof failure>;

export type Report =
  | { readonly kind: 'progress'; readonly progress: UnpackProgress }
  | { readonly kind: 'unpacked'; readonly layer: UnpackedLayer }
  | { readonly kind: 'failed'; readonly failure: UnpackFailure };

/** A line of the report. Throws an Error if it is none. */
export function parseReport(line: string): Report {
  const what = 'the report of liker-unpack';
  if (line.startsWith('{"in":')) return { kind: 'progress', progress: read(progress, line, what) };
  if (line.startsWith('{"error":')) return { kind: 'failed', failure: read(failure, line, what) };
  return { kind: 'unpacked', layer: read(unpacked, line, what) };
}
