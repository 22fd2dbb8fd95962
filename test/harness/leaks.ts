import { type Dirent, existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, openFiles, pids, readProc, shimsBelow } from './proc.ts';
import { until } from './until.ts';

/** Where a daemon may leave traces: its process, folders and control groups. */
type Places = Readonly<Record<'home' | 'root' | 'run' | 'cgroup', string>> & { readonly pid: number };

/** Traces of a daemon's containers on the host, by kind; kinds without any are left out. */
export type Leftovers = Readonly<Record<string, readonly string[]>>;

const cgroupRoot = '/sys/fs/cgroup';

/** Everything that should be gone when the daemon has no container, and is not. */
export function leftovers(daemon: Places): Leftovers {
  const found: Record<string, readonly string[]> = {
    mounts: mounts(daemon),
    cgroups: cgroups(daemon).map(({ path }) => path),
    processes: processes(daemon).map((pid) => `${pid} ${readProc(pid, 'comm').trim()}`),
    namespaceFds: openFiles(daemon.pid).filter((file) => /^(net|mnt|pid|ipc|uts|cgroup):\[/.test(file)),
    zombies: zombies(daemon.pid),
    files: [
      ...below(join(daemon.run, 'c')),
      ...below(join(daemon.root, 'containers')),
      ...below(join(daemon.root, 'trash')),
      ...below(join(daemon.run, 'trash')),
    ],
  };
  return Object.fromEntries(Object.entries(found).filter(([, things]) => things.length > 0));
}

function mounts(daemon: Places): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const here = lines.filter((line) => line.includes(`${daemon.home}/`));
  // likerd may have a mount namespace of its own, in which a test may have mounted something.
  const folders = [join(daemon.run, 'c/'), join(daemon.root, 'containers/')];
  const there = readProc(daemon.pid, 'mountinfo').split('\n');
  return [...new Set([...here, ...there.filter((line) => folders.some((folder) => line.includes(folder)))])];
}

/** Groups of containers, the deepest first. */
function cgroups(daemon: Places): { readonly path: string }[] {
  return hierarchies()
    .map((hierarchy) => join(hierarchy, daemon.cgroup))
    .filter((parent) => existsSync(parent))
    .flatMap((parent) => groupsBelow(parent))
    .map((path) => ({ path }));
}

function hierarchies(): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines
    .map((line) => line.split(' '))
    .filter((fields) => fields.includes('cgroup') || fields.includes('cgroup2'))
    .flatMap((fields) => (fields[4]?.startsWith(cgroupRoot) ? [fields[4]] : []));
}

function groupsBelow(folder: string): string[] {
  const children = entries(folder).filter((entry) => entry.isDirectory());
  return children.flatMap(({ name }) => [...groupsBelow(join(folder, name)), join(folder, name)]);
}

/** Empty for a folder that has just been removed. */
function entries(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** Shims, and the processes in the containers' groups. */
function processes(daemon: Places): number[] {
  const members = pids().filter((pid) => readProc(pid, 'cgroup').includes(`/${daemon.cgroup}/`));
  const shims = shimsBelow(daemon.home);
  return [...new Set([...members, ...shims])].filter((pid) => isAlive(pid) && pid !== daemon.pid);
}

function zombies(parent: number): string[] {
  if (parent === 0) return [];
  return pids()
    .map((pid) => ({ pid, status: readProc(pid, 'status') }))
    .filter(
      ({ status }) => new RegExp(`^PPid:\\s+${parent}$`, 'm').test(status) && /^State:\s+Z/m.test(status),
    )
    .map(({ pid }) => String(pid));
}

function below(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

/** After the end of the daemon: kills its processes and removes its groups, so that a failed test does not affect others. */
export async function reap(daemon: Places): Promise<void> {
  for (const { path } of cgroups(daemon)) {
    for (const file of ['cgroup.freeze', 'freezer.state']) {
      if (existsSync(join(path, file)))
        quietly(() => writeFileSync(join(path, file), file.endsWith('state') ? 'THAWED' : '0'));
    }
  }
  await until(
    'end of all processes',
    () => {
      const left = processes(daemon);
      for (const pid of left) quietly(() => process.kill(pid, 'SIGKILL'));
      return left.length === 0;
    },
    { deadlineMs: 5000 },
  ).catch((error: unknown) => console.error(String(error)));
  for (const { path } of cgroups(daemon)) quietly(() => rmdirSync(path));
  for (const hierarchy of hierarchies()) quietly(() => rmdirSync(join(hierarchy, daemon.cgroup)));
}

function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // Gone already, or not permitted; the leak check reports it.
  }
}
