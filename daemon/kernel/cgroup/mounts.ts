import { unescapeOctal } from '../../../common/octal.ts';
import { readText } from './files.ts';

/** One mounted cgroup hierarchy. */
export interface Hierarchy {
  readonly version: 1 | 2;
  /** v1: its controllers as mounted, such as cpu and cpuacct together; v2: empty. */
  readonly controllers: readonly string[];
  /** v1: its name (mount -o name=NAME), such as systemd; empty for one without. */
  readonly name: string;
  readonly mountPoint: string;
  /** Path of the cgroup that is seen at the mount point; "/" unless a part of the tree is mounted. */
  readonly root: string;
}

/** Options of a v1 mount that are not controllers (kernel/cgroup/cgroup-v1.c, cgroup1_show_options). */
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

/** "v2", or what /proc/PID/cgroup calls it: its controllers, or "name=NAME" where it has none. */
export function hierarchyKey({ version, controllers, name }: Hierarchy): string {
  if (version === 2) return 'v2';
  return controllers.length > 0 ? controllers.join(',') : `${named}${name}`;
}

/** The hierarchies in the text of /proc/PID/mountinfo, each once: by its first mount that shows all of it. */
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

/** The path of our own cgroup on v2 as /proc/self/cgroup has it, "/" when there is none. */
export function ownUnifiedPath(selfCgroup: string = readText('/proc/self/cgroup')): string {
  return /^0::(\/.*)$/m.exec(selfCgroup)?.[1] ?? '/';
}

/** Numbers and names of all hierarchies that the kernel has, as /proc/self/cgroup lists them: for comparison. */
export function activeHierarchies(selfCgroup: string = readText('/proc/self/cgroup')): string {
  return selfCgroup.replace(/^(\d+:[^:]*):.*$/gm, '$1');
}
