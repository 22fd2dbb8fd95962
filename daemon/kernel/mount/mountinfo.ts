import { closeSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { unescapeOctal } from '../../../common/octal.ts';

/** One mount of likerd's mount namespace (proc(5), /proc/PID/mountinfo). */
export interface MountEntry {
  readonly id: number;
  readonly mountPoint: string;
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
      const [id = '', , , , mountPoint = '', , ...rest] = line.split(' ');
      const tags = rest.slice(0, rest.indexOf('-'));
      return {
        id: Number(id),
        mountPoint: unescapeOctal(mountPoint),
        isShared: tags.some((tag) => tag.startsWith('shared:')),
        isSlave: tags.some((tag) => tag.startsWith('master:')),
      };
    });
}

function ownMounts(): MountEntry[] {
  return parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** The mounts below a folder but not on it, as paths in the folder, without duplicates, parents first. */
export function mountsBelow(folder: string): string[] {
  const top = realpathSync(folder).replace(/\/$/, '');
  const places = ownMounts()
    .filter(({ mountPoint }) => mountPoint.startsWith(`${top}/`) && mountPoint !== '/')
    .map(({ mountPoint }) => mountPoint.slice(top.length));
  return [...new Set(places)].sort();
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
