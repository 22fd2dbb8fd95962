import * as v from 'valibot';
import { fields, type Of, read } from '../../../common/schema.ts';

const bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const digest = v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/));

const progress = fields({ in: bytes, out: bytes });

const packed = fields({ digest, size: bytes, diffId: digest, unpacked: bytes });

const failure = fields({
  error: v.picklist(['BAD_ARCHIVE', 'NO_SPACE', 'TOO_BIG', 'UNSUPPORTED', 'WRITE_FAILED']),
  path: v.optional(v.string(), ''),
  errno: v.optional(v.string(), ''),
  message: v.string(),
});

/** How far it is: bytes of the uncompressed archive, and bytes as they are written. */
export type PackProgress = Of<typeof progress>;

/** An archive that is complete. `digest` and `size` are of its bytes as they were written, `diffId` and `unpacked` of the uncompressed ones. */
export type PackedArchive = Of<typeof packed>;

export type PackFailure = Of<typeof failure>;

export type Report =
  | { readonly kind: 'progress'; readonly progress: PackProgress }
  | { readonly kind: 'packed'; readonly archive: PackedArchive }
  | { readonly kind: 'failed'; readonly failure: PackFailure };

/** A line of the report. Throws an Error if it is none. */
export function parseReport(line: string): Report {
  const what = 'the report of liker-pack';
  if (line.startsWith('{"in":')) return { kind: 'progress', progress: read(progress, line, what) };
  if (line.startsWith('{"error":')) return { kind: 'failed', failure: read(failure, line, what) };
  return { kind: 'packed', archive: read(packed, line, what) };
}
