import { mountAttr, type Step } from '../../../kernel/plan/steps.ts';
import { bindStep } from './mounts.ts';

const top = '/sys/fs/cgroup';
const named = 'name=';

/**
 * The control groups of a container, as its own cgroup namespace shows them, where programs look for them: v2 alone at the top;
 * otherwise each hierarchy in a folder, with a link for each of the controllers that share one. `paths`: the container's folders
 * by hierarchy, see ContainerCgroup.shown. `writable`: the hierarchies that are not read-only.
 */
export function cgroupMounts(paths: Readonly<Record<string, string>>, writable: readonly string[]): Step {
  const { RDONLY, NOSUID, NOEXEC, NODEV } = mountAttr;
  const guarded = NOSUID | NOEXEC | NODEV;
  const { v2, ...v1 } = paths;
  const keys = Object.keys(v1);
  if (v2 !== undefined && keys.every((key) => key.startsWith(named))) {
    const attributes = guarded | (writable.includes('v2') ? 0 : RDONLY);
    return bindStep({ source: v2, target: top, recursive: false, attributes, create: 'directory' });
  }
  const isWhole = Object.keys(paths).every((key) => writable.includes(key));
  return {
    step: 'cgroups',
    target: top,
    attributes: guarded | (isWhole ? 0 : RDONLY),
    writable: isWhole ? [] : writable.map((key) => folderName(key, keys)),
    folders: Object.entries(paths).map(([key, folder]) => [folderName(key, keys), folder] as const),
    links: keys
      .filter((key) => key.includes(','))
      .flatMap((key) => key.split(',').map((name) => [name, key] as const)),
  };
}

/** name=systemd is in "systemd", but a name that is a controller's, or is no name for a folder, keeps its prefix. */
function folderName(key: string, keys: readonly string[]): string {
  if (key === 'v2') return 'unified';
  if (!key.startsWith(named)) return key;
  const name = key.slice(named.length);
  const taken = ['unified', '.', '..', ...keys, ...keys.flatMap((other) => other.split(','))];
  return taken.includes(name) ? key : name;
}
