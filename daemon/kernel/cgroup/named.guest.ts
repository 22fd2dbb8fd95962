// Run by named.root.test.ts in a mount namespace of its own: mounts a hierarchy without controllers once there are cgroups, and
// tells where a container is then.
import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Cgroups } from './cgroups.ts';
import { limitsOf } from './resources.ts';

const [, , mountPoint = ''] = process.argv;
const name = `liker-test-${process.pid}`;
const key = `name=${name}`;
const cgroups = Cgroups.open({ parent: `${name}-named` });
const make = (id: string) => cgroups.create(id, limitsOf({}), { allDevices: true });

/** In the container's cgroups; it joins them by itself, as a container's first process does. */
function sleeperIn(joinFiles: readonly string[]) {
  const join = joinFiles.map((file) => `echo 0 >${file}`).join('; ');
  return spawn('/bin/sh', ['-c', `${join}; echo joined; exec sleep 100`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

const before = await make('before');
try {
  execFileSync('mount', ['-t', 'cgroup', '-o', `none,${key}`, 'none', mountPoint], { stdio: 'pipe' });
} catch (error) {
  await before.remove();
  cgroups.close();
  console.error((error as Error).message);
  process.exit(77);
}
// What is made in it is inherited, unless the engine says otherwise.
writeFileSync(`${mountPoint}/notify_on_release`, '1');
const after = await make('after');
const child = sleeperIn(after.joinFiles);
try {
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const own = readFileSync(`/proc/${child.pid}/cgroup`, 'latin1');
  const notify = readFileSync(`${after.paths[key]}/notify_on_release`, 'latin1').trim();
  child.kill('SIGKILL');
  for (const cgroup of [before, after]) await cgroup.remove();
  cgroups.close();
  const left = readdirSync(mountPoint, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  console.log(JSON.stringify({ before: Object.keys(before.paths), key, own, notify, left }));
} finally {
  child.kill('SIGKILL');
  execFileSync('umount', [mountPoint]);
}
