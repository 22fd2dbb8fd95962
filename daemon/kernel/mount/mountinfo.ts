import { closeSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { unescapeOctal } from '../../../common/octal.ts';

/** One mount of likerd's mount namespace (proc(5), /proc/PID/mountinfo). */
export interface MountEntry {
  readonly id: number;
  readonly mountPoint: string;
  /** MAJOR:MINOR of the file system. */
  readonly device: string;
  /** Of the file system, such as ext4. */
  readonly type: string;
  /** It is in a peer group: mounts below it appear in its peers. */
  readonly isShared: boolean;
  /** Mounts of another peer group appear below it. */
  readonly isSlave: boolean;
}

const O_PATH = 0o10000000;

export function parseMounts(mountinfo: string): MountEntry[] {
  return mountinfo
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [id = '', , device = '', , mountPoint = '', , ...rest] = line.split(' ');
      const end = rest.indexOf('-');
      const tags = rest.slice(0, end);
      return {
        id: Number(id),
        mountPoint: unescapeOctal(mountPoint),
        device,
        type: unescapeOctal(rest[end + 1] ?? ''),
        isShared: tags.some((tag) => tag.startsWith('shared:')),
        isSlave: tags.some((tag) => tag.startsWith('master:')),
      };
    });
}

function ownMounts(): MountEntry[] {
  return parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** The mounts that are seen below a folder but not on it, by their paths in the folder, parents first. */
export function visibleBelow(folder: string): ReadonlyMap<string, MountEntry> {
  const top = realpathSync(folder).replace(/\/$/, '');
  const entries = ownMounts()
    .filter(({ mountPoint }) => mountPoint.startsWith(`${top}/`) && mountPoint !== '/')
    .map((entry) => [entry.mountPoint.slice(top.length), entry] as const);
  // Of several at one place, the last one covers the others.
  return new Map([...new Map(entries)].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The mount that contains a path. Throws if the path does not exist. */
export function mountOf(path: string): MountEntry {
  const fd = openSync(path, O_PATH);
  try {
    const id = Number(/^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1]);
    const mount = ownMounts().find((entry) => entry.id === id);
    if (!mount) throw new Error(`The mount of '${path}' is not in /proc/self/mountinfo`);
    return mount;
  } finally {
    closeSync(fd);
  }
}
