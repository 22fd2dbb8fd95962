import type { Difference } from './differences.ts';

/** Why another tool has something otherwise. Versions: Debian 12's. */
interface Known {
  readonly why: string;
  readonly readers: readonly string[];
  /** Default: all. */
  readonly images?: readonly string[];
  readonly fits: (difference: Difference) => boolean;
}

const podman = ['podman vfs', 'podman overlay'];
const docker = ['docker vfs', 'docker overlay2'];
const overlays = ['podman overlay', 'docker overlay2'];
const vfs = ['podman vfs', 'docker vfs'];

/** Fields of the type, the target and the permissions of a path. */
const kind = ['type', 'mode', 'uid', 'gid', 'mtimeNs', 'target', 'present'];

export const known: readonly Known[] = [
  {
    why: 'podman makes a root that no entry lists with mode 0555; its overlay driver ignores an entry . or ./, and the owner of /',
    readers: podman,
    fits: ({ reader, path, field, theirs }) =>
      path === '.' &&
      (field === 'mode'
        ? theirs === 0o555
        : reader === 'podman overlay' && ['uid', 'gid', 'mtimeNs'].includes(field)),
  },
  {
    why: "docker's overlay2 driver ignores an entry . or ./ of the root",
    readers: ['docker overlay2'],
    fits: ({ path, field }) => path === '.' && ['mode', 'uid', 'gid', 'mtimeNs'].includes(field),
  },
  {
    why: 'the drivers that copy give the root the time of the unpacking',
    readers: vfs,
    fits: ({ path, field }) => path === '.' && field === 'mtimeNs',
  },
  {
    why: "docker's vfs driver makes parents that no entry lists with mode 0600",
    readers: ['docker vfs'],
    images: ['parents that no entry lists', 'long and odd names'],
    fits: ({ field, theirs }) => field === 'mode' && theirs === 0o600,
  },
  {
    why: 'where one layer has a name and its whiteout, the drivers that copy remove what the layer has itself',
    readers: vfs,
    images: ['a file that is removed behind it in the same layer'],
    fits: ({ path, field }) => ['f', 'd/g'].includes(path) && field === 'present',
  },
  {
    why: 'where one layer has a name and its whiteout, the drivers that make overlays refuse the layer',
    readers: overlays,
    images: ['a file that is removed behind it in the same layer'],
    fits: ({ theirs }) => /file exists/.test(String(theirs)),
  },
  {
    why: 'docker and podman refuse a layer that has a name twice (tar-split)',
    readers: [...podman, ...docker],
    images: ['one name twice'],
    fits: ({ theirs }) => /duplicates of file paths not supported/.test(String(theirs)),
  },
  {
    why: 'docker and podman give a file the mode and owner in the entry of its hard link; those that wrote the archive gave both the same',
    readers: [...podman, ...docker],
    images: ['a hard link whose entry has another mode'],
    fits: ({ field }) => field === 'mode' || field === 'uid',
  },
  {
    why: 'the drivers that copy take hard links of symbolic links apart',
    readers: vfs,
    images: ['hard links'],
    fits: ({ path, field }) => path === 't' && field === 'first',
  },
  {
    why: "docker's vfs driver copies no attributes of users to the next layer",
    readers: ['docker vfs'],
    fits: ({ field, theirs }) => field === 'xattrs' && JSON.stringify(theirs) === '{}',
  },
  {
    why: 'docker and podman set a time before 1970 to 1970',
    readers: [...podman, ...docker],
    images: ['owners, modes and times'],
    fits: ({ path, field, theirs }) => path === 'early' && field === 'mtimeNs' && theirs === 0n,
  },
  {
    why: 'umoci gives a folder that it has emptied the time of the unpacking',
    readers: ['umoci'],
    images: ['an opaque folder whose mark comes last'],
    fits: ({ path, field }) => path === 'd/e' && field === 'mtimeNs',
  },
  {
    why: 'a layer is unpacked without those below it, so parents that it does not list hide a link there; tools that unpack one layer into the other follow it',
    readers: ['umoci', ...vfs],
    images: ['a link among the parents, in the layer below'],
    fits: ({ path, field }) =>
      ['lib', 'lib/x', 'usr/lib', 'usr/lib/x'].includes(path) && kind.includes(field),
  },
  {
    why: 'for the same reason they hide the mode and the owner of a folder there',
    readers: ['umoci', ...vfs],
    images: ['parents that only the layer below lists'],
    fits: ({ path, field }) => ['d', 'd/e'].includes(path) && ['mode', 'uid'].includes(field),
  },
  {
    why: 'umoci reads no zstd',
    readers: ['umoci'],
    fits: ({ field, theirs }) => field === 'refused' && /not correct mediatype: .*zstd/.test(String(theirs)),
  },
  {
    why: 'docker reads no zstd, and skopeo writes none for it',
    readers: docker,
    fits: ({ field, theirs }) =>
      field === 'refused' && /zstd compression is not supported for docker/.test(String(theirs)),
  },
];

/** The explanation of a difference; null: there is none. */
export function explanation(difference: Difference): Known | null {
  const { image, reader } = difference;
  return (
    known.find(
      ({ readers, images, fits }) =>
        readers.includes(reader) && (images?.includes(image) ?? true) && fits(difference),
    ) ?? null
  );
}
