import * as v from 'valibot';
import { LikerError, type Reason } from '../errors.ts';
import { own } from '../own.ts';
import { fields, type Of, read } from '../schema.ts';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const stat = fields({
  mode: count,
  size: count,
  seconds: v.pipe(v.number(), v.safeInteger()),
  nanoseconds: count,
  uid: count,
  gid: count,
  target: v.nullable(v.string()),
});

const entry = fields({ ...stat.entries, name: v.string() });

const event = fields({ kind: v.picklist(['ready', 'change', 'rename']), name: v.string() });

const packed = fields({ bytes: count, entries: count });

const unpacked = fields({ size: count, entries: count });

const failure = fields({
  error: v.string(),
  path: v.optional(v.string(), ''),
  errno: v.optional(v.string(), ''),
  message: v.string(),
});

/** What is at a path, as of stat(2); `target` is where a symbolic link leads. */
export type FileFacts = Of<typeof stat>;

/** One in a folder; `name` is its path from there on. */
export type FolderEntry = Of<typeof entry>;

/** "ready" when the watch stands: if it comes again, events before it may be missing. */
export type FileEvent = Of<typeof event>;

/** How much an archive holds. */
export type Packed = Of<typeof packed>;

/** What is in the last line of a report. */
export const reports = {
  stat: (line: string): FileFacts => read(stat, line, 'the report of liker-tree'),
  entry: (line: string): FolderEntry => read(entry, line, 'the list of liker-tree'),
  event: (line: string): FileEvent => read(event, line, 'the events of liker-tree'),
  pack: (line: string): Packed => read(packed, line, 'the report of liker-tree'),
  unpack: (line: string): Packed => {
    const { size, entries } = read(unpacked, line, 'the report of liker-unpack');
    return { bytes: size, entries };
  },
};

const byErrno: Readonly<Record<string, Reason>> = {
  ENOENT: 'PATH_NOT_FOUND',
  ENOTDIR: 'BAD_PATH',
  ELOOP: 'BAD_PATH',
  ENAMETOOLONG: 'BAD_PATH',
  EEXIST: 'PATH_EXISTS',
  EISDIR: 'BAD_PATH',
  ENOTEMPTY: 'BAD_PATH',
  // What something is mounted on, or is mounted elsewhere.
  EBUSY: 'BAD_PATH',
  EXDEV: 'BAD_PATH',
  EROFS: 'READ_ONLY',
  ENOSPC: 'TOO_MANY',
  EDQUOT: 'TOO_MANY',
  EMFILE: 'TOO_MANY',
  ESRCH: 'WRONG_STATE',
  EACCES: 'NOT_PERMITTED',
  EPERM: 'NOT_PERMITTED',
  // Files of /proc and /sys, and devices, that nobody can read or write in this way.
  EINVAL: 'BAD_PATH',
  EIO: 'BAD_PATH',
  ENODEV: 'BAD_PATH',
  ENXIO: 'BAD_PATH',
  EOPNOTSUPP: 'BAD_PATH',
};

const byCode: Readonly<Record<string, Reason>> = {
  BAD_ARCHIVE: 'BAD_ARCHIVE',
  NO_SPACE: 'TOO_MANY',
  TOO_BIG: 'TOO_MANY',
  UNSUPPORTED: 'UNPACK_UNAVAILABLE',
  NOT_MAPPED: 'UNPACK_UNAVAILABLE',
};

/** The error that a line of a report tells, or null. liker-tree tells an errno, or nothing, as the error; liker-unpack a code. */
export function failureOf(line: string): LikerError | null {
  if (!line.startsWith('{"error":')) return null;
  const { error, path, errno: named, message } = read(failure, line, 'the report');
  const isCode = error === 'WRITE_FAILED' || own(byCode, error) !== undefined;
  const errno = isCode ? named : error;
  const metadata = { path, ...(errno && { errno }) };
  const reason = own(byErrno, errno) ?? own(byCode, error) ?? (error === '' ? 'BAD_PATH' : 'SYSCALL');
  return new LikerError(reason, message, {
    metadata,
    ...(reason === 'SYSCALL' && { syscall: { step: 'files', syscall: '', errno, object: path } }),
  });
}
