import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activeHierarchies, hierarchyKey, ownUnifiedPath, parseHierarchies } from './mounts.ts';

const hybrid = `22 27 0:21 / /proc rw,relatime - proc proc rw
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
34 31 0:31 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset,clone_children,release_agent=/bin/x
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
`;

test('T49: co-mounted controllers stay together, and no option or name is a controller', () => {
  const v1 = { version: 1, name: '', root: '/' } as const;
  const cpu = { ...v1, controllers: ['cpu', 'cpuacct'], mountPoint: '/sys/fs/cgroup/cpu,cpuacct' };
  const cpuset = { ...v1, controllers: ['cpuset'], mountPoint: '/sys/fs/cgroup/cpuset' };
  const systemd = { ...v1, controllers: [], name: 'systemd', mountPoint: '/sys/fs/cgroup/systemd' };
  const v2 = { ...v1, version: 2, controllers: [], mountPoint: '/sys/fs/cgroup/unified' };
  assert.deepEqual(parseHierarchies(hybrid), [cpu, cpuset, systemd, v2]);
  assert.deepEqual(parseHierarchies(hybrid).map(hierarchyKey), [
    'cpu,cpuacct',
    'cpuset',
    'name=systemd',
    'v2',
  ]);
});

test('a named hierarchy with controllers belongs to those controllers', () => {
  const [both] = parseHierarchies('50 1 0:30 / /c rw - cgroup none rw,pids,name=mine\n');
  assert.deepEqual([both?.controllers, both?.name], [['pids'], 'mine']);
  assert.equal(both && hierarchyKey(both), 'pids');
});

test('a mount point with a blank is parsed, and a mount that shows everything wins over one that shows a part', () => {
  const text =
    '50 1 0:30 /part /a\\040b rw - cgroup2 none rw\n51 1 0:30 / /c\\134d rw - cgroup2 none rw\n52 1 0:30 / /e rw - cgroup2 none rw\n';
  assert.deepEqual(
    parseHierarchies(text).map(({ mountPoint, root }) => [mountPoint, root]),
    [['/c\\d', '/']],
  );
});

test("the known hierarchies do not change with likerd's own place in them", () => {
  const text = (path: string) => `5:name=systemd:${path}\n4:cpu,cpuacct:${path}\n0::${path}\n`;
  assert.equal(activeHierarchies(text('/a:b')), activeHierarchies(text('/')));
  assert.notEqual(activeHierarchies(text('/')), activeHierarchies(`6:name=x:/\n${text('/')}`));
});

test("likerd's own v2 cgroup is the line with number 0", () => {
  assert.equal(
    ownUnifiedPath('4:memory:/m\n0::/system.slice/likerd.service\n'),
    '/system.slice/likerd.service',
  );
  assert.equal(ownUnifiedPath('4:memory:/m\n'), '/');
});
