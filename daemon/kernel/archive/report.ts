import * as v from 'valibot';
import { fields, type Of, read } from '../../../common/schema.ts';

// What native/src/archive/report.c writes: lines of progress, and a last one that tells the outcome.

const bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const digest = v.pipe(v.string(), v.regex(/^sha256:[0-9a-f]{64}$/));
const archive = { digest, size: bytes, diffId: digest, unpacked: bytes };

const progress = fields({ in: bytes, out: bytes });

const packed = fields(archive);

const written = fields({ size: bytes });

const unpacked = fields({
  ...archive,
  entries: bytes,
  diskBytes: bytes,
  compression: v.picklist(['gzip', 'zstd', 'xz', 'bzip2', 'none']),
});

const failure = fields({
  error: v.picklist(['BAD_ARCHIVE', 'NO_SPACE', 'TOO_BIG', 'UNSUPPORTED', 'NOT_MAPPED', 'WRITE_FAILED']),
  path: v.optional(v.string(), ''),
  errno: v.optional(v.string(), ''),
  message: v.string(),
});

/** How far it is: bytes that were read (by liker-pack: of the uncompressed archive), and that were written (by liker-unpack: uncompressed). */
export type Progress = Of<typeof progress>;

/** An archive that is complete. `digest` and `size` are of its bytes as they were written, `diffId` and `unpacked` of the uncompressed ones. */
export type PackedArchive = Of<typeof packed>;

/** An archive that is complete, and that its reader hashes. */
export type WrittenArchive = Of<typeof written>;

/**
 * What became of a layer. `digest` and `size` are of the source's bytes, `diffId` and `unpacked` of the uncompressed archive,
 * `diskBytes` is what its files take on the disk.
 */
export type UnpackedLayer = Of<typeof unpacked>;

export type Failure = Of<typeof failure>;

export type Report<Outcome> =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'done'; readonly outcome: Outcome }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** A line of a program's report. They throw an Error if it is none. */
export const reports = {
  pack: (line: string): Report<PackedArchive> => reportOf(packed, line, 'the report of liker-pack'),
  diff: (line: string): Report<WrittenArchive> => reportOf(written, line, 'the report of liker-pack'),
  unpack: (line: string): Report<UnpackedLayer> => reportOf(unpacked, line, 'the report of liker-unpack'),
};

function reportOf<Outcome extends v.GenericSchema>(
  outcome: Outcome,
  line: string,
  what: string,
): Report<Of<Outcome>> {
  if (line.startsWith('{"in":')) return { kind: 'progress', progress: read(progress, line, what) };
  if (line.startsWith('{"error":')) return { kind: 'failed', failure: read(failure, line, what) };
  return { kind: 'done', outcome: read(outcome, line, what) };
}
