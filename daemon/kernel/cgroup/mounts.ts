import { unescapeOctal } from '../../../common/octal.ts';
import { readText } from './files.ts';

/** One mounted cgroup hierarchy. */
export interface Hierarchy {
  readonly version: 1 | 2;
  /** v1: the controllers mounted together, such as cpu and cpuacct; v2: empty. */
  readonly controllers: readonly string[];
  /** v1: the name (mount -o name=NAME), such as systemd; empty if it has none. */
  readonly name: string;
  readonly mountPoint: string;
  /** Path of the cgroup at the mount point; "/" unless only a part of the tree is mounted. */
  readonly root: string;
}

/** The options of a v1 mount that are not controllers (kernel/cgroup/cgroup-v1.c, cgroup1_show_options). */
const notControllers = new Set([
  'rw',
  'ro',
  'noprefix',
  'xattr',
  'clone_children',
  'cpuset_v2_mode',
  'favordynmods',
  'all',
]);

const named = 'name=';

function v1Controllers(options: readonly string[]): string[] {
  return options.filter(
    (option) =>
      !notControllers.has(option) && !option.startsWith('release_agent=') && !option.startsWith(named),
  );
}

function parseLine(line: string): Hierarchy | null {
  const [left, right] = line.split(' - ');
  const fields = left?.split(' ') ?? [];
  const [type, , superOptions = ''] = right?.split(' ') ?? [];
  if (type !== 'cgroup' && type !== 'cgroup2') return null;
  const options = type === 'cgroup' ? superOptions.split(',') : [];
  return {
    version: type === 'cgroup' ? 1 : 2,
    controllers: v1Controllers(options),
    name: options.find((option) => option.startsWith(named))?.slice(named.length) ?? '',
    root: unescapeOctal(fields[3] ?? '/'),
    mountPoint: unescapeOctal(fields[4] ?? ''),
  };
}

/** "v2", or the name in /proc/PID/cgroup: the controllers, or "name=NAME" without any. */
export function hierarchyKey({ version, controllers, name }: Hierarchy): string {
  if (version === 2) return 'v2';
  return controllers.length > 0 ? controllers.join(',') : `${named}${name}`;
}

/** The hierarchies in the text of /proc/PID/mountinfo, each by its first mount, preferably one of the whole tree. */
export function parseHierarchies(mountinfo: string): Hierarchy[] {
  const found = new Map<string, Hierarchy>();
  for (const line of mountinfo.split('\n')) {
    if (!line.includes(' - cgroup')) continue;
    const hierarchy = parseLine(line);
    if (hierarchy === null) continue;
    const key = hierarchyKey(hierarchy);
    const before = found.get(key);
    if (before === undefined || (before.root !== '/' && hierarchy.root === '/')) found.set(key, hierarchy);
  }
  return [...found.values()];
}

/** The path of likerd's own cgroup on v2, as in /proc/self/cgroup; "/" if there is none. */
export function ownUnifiedPath(selfCgroup: string = readText('/proc/self/cgroup')): string {
  return /^0::(\/.*)$/m.exec(selfCgroup)?.[1] ?? '/';
}

/** Numbers and names of the kernel's hierarchies, as in /proc/self/cgroup, to compare. */
export function activeHierarchies(selfCgroup: string = readText('/proc/self/cgroup')): string {
  return selfCgroup.replace(/^(\d+:[^:]*):.*$/gm, '$1');
}
