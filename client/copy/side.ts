import type { Socket } from 'node:net';

/** What is at a path. */
export type Kind = 'directory' | 'file' | 'link';

export interface Found {
  readonly kind: Kind;
  /** Where a link leads. */
  readonly target: string;
}

export interface TakeOptions {
  readonly name: string;
  readonly follow: boolean;
}

/** A call of likerd, one of whose programs waits at the other end of a socket. */
export interface SocketCall {
  readonly path: string;
  /** Resolves when that program has done its part. */
  done(): Promise<void>;
  cancel(): void;
}

/** A socket that is connected to a program of likerd. */
export interface OpenSocket {
  readonly socket: Socket;
  readonly signal: AbortSignal;
}

/** Where files are: the host, or a container. Paths are absolute. */
export interface Side {
  /** How a person names a path there. */
  told(path: string): string;
  /** A link is not followed. Null: nothing is there. */
  stat(path: string): Promise<Found | null>;
  /** A tar archive of what is at a path. */
  take(path: string, options: TakeOptions): AsyncIterable<Uint8Array>;
  /** Unpacks one into a folder that is there. `keepOwner`: -a. */
  put(
    folder: string,
    bytes: AsyncIterable<Uint8Array>,
    options: { readonly keepOwner: boolean },
  ): Promise<void>;
}

/** Files of the host, which programs of the caller's own read and write. Both resolve to the size of the archive. */
export interface HostSide extends Side {
  takeTo(end: OpenSocket, path: string, options: TakeOptions): Promise<number>;
  putFrom(end: OpenSocket, folder: string, options: { readonly keepOwner: boolean }): Promise<number>;
}

/** Files of a container. Null: this likerd has no sockets for them. */
export interface ContainerSide extends Side {
  send(path: string, options: TakeOptions): Promise<SocketCall | null>;
  receive(folder: string, options: { readonly keepOwner: boolean }): Promise<SocketCall | null>;
}

export function isHost(side: Side): side is HostSide {
  return 'takeTo' in side;
}

export function isContainer(side: Side): side is ContainerSide {
  return 'send' in side;
}

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFLNK = 0o120000;

export function found(mode: number, target: string | null | undefined): Found {
  const type = mode & S_IFMT;
  return {
    kind: type === S_IFDIR ? 'directory' : type === S_IFLNK ? 'link' : 'file',
    target: target ?? '',
  };
}
