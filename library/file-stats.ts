import { posix } from 'node:path';
import type { File } from '../proto/gen/types/liker/v1/File.ts';

/** What is at a path in a container. */
export interface FileStats {
  /** Type and permissions, as in stat(2). */
  readonly mode: number;
  readonly size: number;
  readonly mtime: Date;
  readonly uid: number;
  readonly gid: number;
  /** Of a symbolic link: where it leads. */
  readonly target?: string;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
  isFIFO(): boolean;
  isSocket(): boolean;
  isBlockDevice(): boolean;
  isCharacterDevice(): boolean;
}

/** One that is in a folder: Node's Dirent, and what `lstat` would answer. */
export interface FolderEntry extends FileStats {
  readonly name: string;
  /** The folder that it is in. */
  readonly parentPath: string;
}

const typeMask = 0o170000;

export function fileStats(file: File | null): FileStats {
  const { mode = 0, sizeBytes = 0, modifiedAt, uid = 0, gid = 0, target } = file ?? {};
  const is = (type: number) => () => (mode & typeMask) === type;
  return {
    mode,
    size: sizeBytes,
    mtime: new Date((modifiedAt?.seconds ?? 0) * 1000 + (modifiedAt?.nanos ?? 0) / 1e6),
    uid,
    gid,
    ...(target !== undefined && { target }),
    isFile: is(0o100000),
    isDirectory: is(0o040000),
    isSymbolicLink: is(0o120000),
    isFIFO: is(0o010000),
    isSocket: is(0o140000),
    isBlockDevice: is(0o060000),
    isCharacterDevice: is(0o020000),
  };
}

/** `name` is its path from `folder` on. */
export function folderEntry(folder: string, name: string, file: File | null): FolderEntry {
  const { dir, base } = posix.parse(name);
  return { name: base, parentPath: posix.join(folder, dir), ...fileStats(file) };
}
