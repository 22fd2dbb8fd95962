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
