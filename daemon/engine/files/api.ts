export type { FileFacts, FolderEntry } from '../../../common/files/report.ts';
export type { OfferedSocket } from '../../kernel/files/sockets.ts';

import type { FileEvent, FileFacts, FolderEntry } from '../../../common/files/report.ts';
import type {
  FileChange,
  MakeFolderOptions,
  RemoveOptions,
  WriteFileOptions,
} from '../../../common/files/tree.ts';
import type { OfferedSocket } from '../../kernel/files/sockets.ts';
import type { ImageView } from '../images/api.ts';

/**
 * Files of containers as the edge uses them. Paths are those that a process of the container sees. Rejects with PATH_NOT_FOUND, BAD_PATH,
 * CANCELLED by the signal.
 */
export interface FileService {
  stat(container: string, path: string, options: StatOptions, signal: AbortSignal): Promise<FileFacts>;
  /** What is in a folder: see FileTree.list. */
  list(
    container: string,
    path: string,
    options: ListOptions,
    signal: AbortSignal,
  ): AsyncIterable<FolderEntry>;
  /** Of a client with this pid: see watchPath. Rejects with TOO_MANY, too. */
  watch(container: string, path: string, client: number, signal: AbortSignal): AsyncIterable<FileEvent>;
  /** Rejects with PATH_EXISTS, READ_ONLY, TOO_MANY: see FileTree.makeFolder. */
  makeFolder(container: string, path: string, options: MakeFolderOptions, signal: AbortSignal): Promise<void>;
  /** See FileTree.remove. */
  remove(container: string, path: string, options: RemoveOptions, signal: AbortSignal): Promise<void>;
  rename(container: string, from: string, to: string, signal: AbortSignal): Promise<void>;
  /** Writes a file, and resolves to the count of bytes: see FileTree.write. */
  writeFile(
    container: string,
    path: string,
    options: WriteFileOptions,
    bytes: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<number>;
  /** A tar archive of what is at a path, which is complete when the iteration ends without an error. */
  read(container: string, path: string, options: ReadOptions, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /**
   * Unpacks a tar archive into a folder that is there: see FileTree.unpack. Rejects with BAD_ARCHIVE, READ_ONLY, TOO_MANY; then some of it
   * is there.
   */
  write(
    container: string,
    folder: string,
    options: WriteOptions,
    bytes: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<{ readonly entries: number }>;
  /** A socket for `send` or `receive`, to which only processes of this user on the host can connect. Null: there is no place for one. */
  offerSocket(uid: number): Promise<OfferedSocket | null>;
  /** As `read`, but to who connects to the socket. */
  send(
    container: string,
    path: string,
    options: ReadOptions,
    socket: OfferedSocket,
    signal: AbortSignal,
  ): Promise<void>;
  /** As `write`, but from who connects to the socket. */
  receive(
    container: string,
    folder: string,
    options: WriteOptions,
    socket: OfferedSocket,
    signal: AbortSignal,
  ): Promise<{ readonly entries: number }>;
  /** What the container has changed of what is below its own layer, parents first. Rejects with WRONG_STATE if it has no layer of its own. */
  changes(container: string, signal: AbortSignal): AsyncIterable<FileChange>;
  /** Makes an image of the container's files, which runs as the container does. Errors: BAD_ARGUMENT, TOO_MANY, those of the unpacker. */
  commit(container: string, options: CommitOptions, signal: AbortSignal): Promise<ImageView>;
  /** A tar archive of the whole root, without what is mounted there. */
  export(container: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

export interface CommitOptions {
  /** Empty: none. */
  readonly name: string;
  readonly author: string;
  readonly message: string;
  /** Instructions of a Dockerfile. */
  readonly changes: readonly string[];
  /** A running container is paused meanwhile. */
  readonly pause: boolean;
}

export interface WriteOptions {
  /** All files belong to the container's user, instead of whom the archive names. */
  readonly ownByUser: boolean;
}

export interface StatOptions {
  /** Takes what a link at the path leads to. */
  readonly follow: boolean;
}

export interface ListOptions {
  /** With what is in each folder, after it. */
  readonly recursive: boolean;
}

export interface ReadOptions extends StatOptions {
  /** Of the first entry; empty: that of the path. */
  readonly name: string;
}
