/** Most dangerous first. */
export const severities = ['critical', 'high', 'medium', 'low'] as const;
export type Severity = (typeof severities)[number];

/** A folder of the host on which its security rests. Null: no more than any other. */
interface Place {
  readonly path: string;
  /** What writing it means, and reading it, where the whole place is within reach. */
  readonly write: Severity | null;
  readonly read: Severity | null;
  /** What writing something below it means. */
  readonly below: Severity | null;
  /** What is lost to whoever reads it. */
  readonly holds: string;
}

/** Outer ones first: whatever covers one of these covers all below it. */
const places: readonly Place[] = [
  { path: '/', write: 'critical', read: 'high', below: null, holds: 'every file that root can read' },
  { path: '/boot', write: 'critical', read: null, below: 'high', holds: '' },
  { path: '/dev', write: 'critical', read: 'high', below: 'high', holds: 'its devices' },
  { path: '/etc', write: 'critical', read: 'high', below: 'high', holds: 'its passwords and keys' },
  { path: '/home', write: 'high', read: 'high', below: null, holds: 'keys of its users' },
  { path: '/opt', write: 'high', read: null, below: null, holds: '' },
  { path: '/proc', write: 'critical', read: 'high', below: 'high', holds: 'all processes' },
  { path: '/root', write: 'critical', read: 'high', below: null, holds: 'keys of root' },
  { path: '/run', write: 'critical', read: 'high', below: null, holds: 'sockets of its services' },
  { path: '/sys', write: 'critical', read: null, below: 'high', holds: '' },
  { path: '/usr', write: 'critical', read: null, below: 'high', holds: '' },
  { path: '/var', write: 'critical', read: 'high', below: null, holds: 'data of its services' },
  { path: '/var/lib', write: 'critical', read: 'high', below: null, holds: 'data of its services' },
  { path: '/var/spool/cron', write: 'critical', read: null, below: 'critical', holds: '' },
  ...['/bin', '/lib', '/lib32', '/lib64', '/sbin'].map(
    (path): Place => ({
      path,
      write: 'critical',
      read: null,
      below: 'high',
      holds: '',
    }),
  ),
  ...['/etc/shadow', '/etc/gshadow', '/etc/ssh', '/etc/ssl/private', '/etc/sudoers'].map(
    (path): Place => ({
      path,
      write: 'critical',
      read: 'high',
      below: 'critical',
      holds: 'secrets',
    }),
  ),
];

/** The places of an engine: whoever writes there decides what it runs, and reads there what its containers hold. */
function engineFolder(path: string): Place {
  return { path, write: 'critical', read: 'high', below: null, holds: 'the files of all containers' };
}

/** Sockets of programs that start whatever they are asked for with the rights of root. */
export const engineSockets: readonly (readonly [path: string, engine: string])[] = [
  ['/run/docker.sock', 'Docker'],
  ['/run/containerd/containerd.sock', 'containerd'],
  ['/run/podman/podman.sock', 'Podman'],
  ['/run/crio/crio.sock', 'CRI-O'],
  ['/run/liker/liker.sock', 'likerd'],
];

export interface Reach {
  readonly severity: Severity;
  readonly holds: string;
}

/** Folders that hold what an ordinary user owns. */
const ofUsers = ['/', '/home'];

/**
 * What it means that a container can write (or only read) a path of the host, which is absolute and without links. Null: no
 * more than for any other path. `engine`: the folders of likerd, and whether its rights are those of root.
 */
export function reachOf(
  path: string,
  how: 'write' | 'read',
  engine: { readonly folders: readonly string[]; readonly isRoot: boolean },
): Reach | null {
  const reachable = engine.isRoot ? places : places.filter((place) => ofUsers.includes(place.path));
  const all = [...reachable, ...engine.folders.map(engineFolder)];
  const covered = all.filter((place) => isWithin(place.path, path));
  const reaches = [
    ...covered.map((place) => ({ severity: place[how], holds: place.holds })),
    ...(how === 'write'
      ? all
          .filter((place) => place.path !== path && isWithin(path, place.path))
          .map((place) => ({ severity: place.below, holds: '' }))
      : []),
  ].filter((reach): reach is Reach => reach.severity !== null);
  reaches.sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
  return reaches[0] ?? null;
}

export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}
