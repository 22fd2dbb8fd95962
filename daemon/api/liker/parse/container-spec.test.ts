import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LikerError } from '../../../../common/errors.ts';
import type { ContainerSpecInput } from '../../../../proto/gen/types/liker/v1/ContainerSpec.ts';
import { type ContainerSpec, withDefaults } from '../../../engine/containers/model/spec.ts';
import { checkSpec } from '../../../engine/containers/rules/check-spec.ts';
import { baseSpec, specOf } from '../../../test/fake-engine.ts';
import { wireSpec } from '../../../test/proto-spec.ts';
import { parseSpec } from './container-spec.ts';
import type { Caller } from './namespaces.ts';

/** As a spec of the API reaches a container. */
function parse(patch: ContainerSpecInput = {}, caller: Caller | null = null): ContainerSpec {
  const spec = withDefaults(parseSpec(wireSpec(patch), 'spec', caller));
  checkSpec(spec);
  return spec;
}

type Refusal = [field: string, patch: ContainerSpecInput];

/** Each patch is refused with BAD_ARGUMENT on the field. */
function refuses(table: readonly Refusal[]): void {
  for (const [field, patch] of table) {
    assert.throws(
      () => parse(patch),
      (error) => error instanceof LikerError && error.reason === 'BAD_ARGUMENT' && error.field === field,
      `${field}: ${JSON.stringify(patch)}`,
    );
  }
}

test('a spec with only the required fields gets every default', () => {
  const spec = parse();
  assert.deepEqual(
    spec,
    specOf({
      name: '',
      namespaces: { user: { kind: 'default' } },
      rootfs: { directory: '/', mode: 'overlay' },
      process: { args: ['true'] },
    }),
  );
  assert.equal(spec.shmSizeBytes, 67_108_864);
  assert.deepEqual([spec.stopSignal, spec.stopTimeoutSeconds], [15, 10]);
});

test('user namespaces', () => {
  const user = (text: string) =>
    parse({ namespaces: { user: text } }, { uid: 1000, gid: 100 }).namespaces.user;
  const runs = [{ inside: 0, outside: 600_000, count: 5 }];
  assert.deepEqual(['', 'host', 'auto', 'keep-id', 'container:db', '0:600000:5'].map(user), [
    { kind: 'default' },
    { kind: 'host' },
    { kind: 'auto' },
    { kind: 'keep-id', uid: 1000, gid: 100 },
    { kind: 'container', id: 'db' },
    { kind: 'maps', maps: { uids: runs, gids: runs } },
  ]);
});

test('the ids of a bind', () => {
  const bind = { type: 'TYPE_BIND', source: '/a', target: '/b' } as const;
  const idmap = (text: string) => parse({ mounts: [{ ...bind, idmap: text }] }).mounts[0];
  const runs = [{ inside: 1000, outside: 0, count: 1 }];
  for (const [text, expected] of [
    ['', { kind: 'default' }],
    ['none', { kind: 'none' }],
    ['container', { kind: 'container' }],
    ['@uids=1000-0-1', { kind: 'maps', maps: { uids: runs, gids: runs }, relative: true }],
    ['uids=1000-0-1;gids=1000-0-1', { kind: 'maps', maps: { uids: runs, gids: runs }, relative: false }],
  ] as const) {
    const mount = idmap(text);
    assert.ok(mount?.type === 'bind');
    assert.deepEqual(mount.idmap, expected, text);
  }
  refuses([
    ...['host', '@', '@none', 'uids=0-0-0'].map(
      (text): Refusal => ['spec.mounts[0].idmap', { mounts: [{ ...bind, idmap: text }] }],
    ),
    ['spec.mounts[0].idmap', { mounts: [{ type: 'TYPE_TMPFS', target: '/b', idmap: 'none' }] }],
  ]);
});

test('a full spec is parsed, and survives JSON', () => {
  const spec = parse({
    name: 'web-1',
    rootfs: { directory: '/srv/root/', mode: 'MODE_READ_ONLY' },
    hostname: 'web',
    domainname: 'example',
    namespaces: { pid: 'container:db', ipc: 'host', network: 'none', cgroup: 'host' },
    mounts: [
      { type: 'TYPE_BIND', source: '/srv/data/', target: '/data//x/', readOnly: true, nonRecursive: true },
      { type: 'TYPE_TMPFS', target: '/tmp', options: ['size=64m', 'mode=1777', 'noexec'] },
    ],
    shmSizeBytes: 4096,
    init: true,
    sysctls: { 'net.ipv4.ip_forward': '1' },
    extraHosts: ['db:192.0.2.7', 'six:[2001:db8::1]'],
    dns: ['192.0.2.53', '2001:db8::53'],
    labels: { a: 'b', empty: '' },
    resources: {
      cpu: { shares: 2, quotaUs: -1, periodUs: 100_000, cpusetCpus: '0-1', cpusetMems: '0' },
      memory: { maxBytes: 64 * 2 ** 20, memorySwapBytes: -1 },
      pids: { max: 100 },
    },
    stopSignal: 'SIGQUIT',
    stopTimeoutSeconds: 0,
    timeoutSeconds: 60,
    onDisconnect: 'ON_DISCONNECT_KILL',
  });
  assert.deepEqual(spec.rootfs, { kind: 'directory', directory: '/srv/root', mode: 'ro' });
  assert.deepEqual(spec.namespaces.pid, { kind: 'container', id: 'db' });
  assert.equal(spec.namespaces.ipc.kind, 'host');
  assert.deepEqual(spec.mounts, [
    {
      type: 'bind',
      source: '/srv/data/',
      target: '/data/x',
      readOnly: true,
      propagation: 'rprivate',
      readOnlyNonRecursive: false,
      recursive: false,
      createSource: false,
      idmap: { kind: 'default' },
      overlay: false,
    },
    { type: 'tmpfs', target: '/tmp', readOnly: false, options: ['size=64m', 'mode=1777', 'noexec'] },
  ]);
  assert.deepEqual(spec.extraHosts, ['db:192.0.2.7', 'six:2001:db8::1']);
  assert.equal(spec.resources.cpu.quotaUs, -1);
  assert.deepEqual(spec.resources.memory, {
    ...baseSpec.resources.memory,
    maxBytes: 64 * 2 ** 20,
    memorySwapBytes: -1,
  });
  assert.equal(spec.stopSignal, 3);
  assert.equal(spec.stopTimeoutSeconds, 0);
  assert.equal(spec.onDisconnect, 'kill');
  assert.deepEqual(JSON.parse(JSON.stringify(spec)), spec);
});

test('T45: names and required fields are checked', () => {
  refuses([
    ['spec.name', { name: '../x' }],
    ['spec.name', { name: '-x' }],
    ['spec.name', { name: 'x'.repeat(129) }],
    ['spec.rootfs', { rootfs: null }],
    ['spec.rootfs.directory', { rootfs: {} }],
    ['spec.rootfs.directory', { rootfs: { directory: 'srv' } }],
    ['spec.rootfs.directory', { rootfs: { directory: '/srv\0' } }],
    ['spec.rootfs.mode', { rootfs: { directory: '/', mode: 9 as never } }],
    ['spec.process', { process: null }],
    ['spec.hostname', { hostname: 'a b' }],
    ['spec.hostname', { hostname: 'a'.repeat(65) }],
    ['spec.domainname', { domainname: 'x\n' }],
    ['spec.hostname', { hostname: 'web', namespaces: { uts: 'host' } }],
    ['spec.domainname', { domainname: 'web', namespaces: { uts: 'host' } }],
    ['spec.cap_add[1]', { capAdd: ['ALL', ''] }],
    ['spec.stop_signal', { stopSignal: 'NONSENSE' }],
    ['spec.on_disconnect', { onDisconnect: 77 as never }],
    ['spec.labels', { labels: { '': 'x' } }],
  ]);
});

test("namespaces are private, the host's, or, for some kinds, those of another container", () => {
  refuses([
    ['spec.namespaces.pid', { namespaces: { pid: 'hots' } }],
    ['spec.namespaces.ipc', { namespaces: { ipc: 'container:' } }],
    ['spec.namespaces.uts', { namespaces: { uts: 'container:web' } }],
    ['spec.namespaces.cgroup', { namespaces: { cgroup: 'container:web' } }],
    ['spec.namespaces.network', { namespaces: { network: 'bridge' } }],
    ['spec.namespaces.pid', { namespaces: { pid: 'none' } }],
    ...['private', 'none', 'container:', '0:1', 'ns:/proc/1/ns/user', '0:0:0', '0:1:2#0:5:1', 'keep-id'].map(
      (user): Refusal => ['spec.namespaces.user', { namespaces: { user } }],
    ),
  ]);
});

test('mounts are checked before the kernel gets them', () => {
  const bind = { type: 'TYPE_BIND', source: '/srv', target: '/data' } as const;
  refuses([
    ['spec.mounts[0].type', { mounts: [{ target: '/x' }] }],
    ['spec.mounts[0].target', { mounts: [{ ...bind, target: '' }] }],
    ['spec.mounts[0].target', { mounts: [{ ...bind, target: 'data' }] }],
    ['spec.mounts[0].target', { mounts: [{ ...bind, target: '/a/../../etc' }] }],
    ['spec.mounts[0].target', { mounts: [{ ...bind, target: '/.' }] }],
    ['spec.mounts[0].source', { mounts: [{ ...bind, source: 'srv' }] }],
    ['spec.mounts[0].propagation', { mounts: [{ ...bind, propagation: 'toString' }] }],
    ['spec.mounts[0].read_only_non_recursive', { mounts: [{ ...bind, readOnlyNonRecursive: true }] }],
    ['spec.mounts[0].options', { mounts: [{ ...bind, options: ['size=1m'] }] }],
    ['spec.mounts[1].target', { mounts: [bind, { type: 'TYPE_TMPFS', target: '/data/' }] }],
    ['spec.mounts[0].source', { mounts: [{ type: 'TYPE_TMPFS', target: '/x', source: '/y' }] }],
    [
      'spec.mounts[0].options[0]',
      { mounts: [{ type: 'TYPE_TMPFS', target: '/x', options: ['size=1m,uid=0'] }] },
    ],
    [
      'spec.mounts[0].options[1]',
      { mounts: [{ type: 'TYPE_TMPFS', target: '/x', options: ['ro', 'quick'] }] },
    ],
  ]);
});

test('T7: only kernel parameters of namespaces that belong to the container are accepted', () => {
  refuses([
    ["spec.sysctls['kernel.panic']", { sysctls: { 'kernel.panic': '1' } }],
    ["spec.sysctls['vm.swappiness']", { sysctls: { 'vm.swappiness': '1' } }],
    ["spec.sysctls['kernel.domainname']", { sysctls: { 'kernel.domainname': 'x' } }],
    ["spec.sysctls['net..x']", { sysctls: { 'net..x': '1' } }],
    ["spec.sysctls['net./../kernel/panic']", { sysctls: { 'net./../kernel/panic': '1' } }],
    [
      "spec.sysctls['net.core.somaxconn']",
      { sysctls: { 'net.core.somaxconn': '1' }, namespaces: { network: 'host' } },
    ],
    [
      "spec.sysctls['kernel.shmmax']",
      { sysctls: { 'kernel.shmmax': '1' }, namespaces: { ipc: 'container:x' } },
    ],
  ]);
  const sysctls = {
    'kernel.shmmax': '1',
    'kernel.sem': '1 2 3 4',
    'fs.mqueue.msg_max': '9',
    'net.ipv4.conf.eth0/1.x': '1',
  };
  assert.deepEqual(parse({ sysctls }).sysctls, sysctls);
});

test('hosts and name servers must be addresses', () => {
  refuses([
    ['spec.extra_hosts[0]', { extraHosts: ['db'] }],
    ['spec.extra_hosts[0]', { extraHosts: ['db:1.2.3'] }],
    ['spec.extra_hosts[1]', { extraHosts: ['db:1.2.3.4', 'x y:1.2.3.4'] }],
    ['spec.extra_hosts[0]', { extraHosts: ['db:1.2.3.4\n0.0.0.0 evil'] }],
    ['spec.dns[0]', { dns: ['dns.example'] }],
  ]);
});

test('limits have the bounds of the kernel and of Docker', () => {
  refuses([
    ['spec.resources.cpu.shares', { resources: { cpu: { shares: 1 } } }],
    ['spec.resources.cpu.shares', { resources: { cpu: { shares: 262_145 } } }],
    ['spec.resources.cpu.quota_us', { resources: { cpu: { quotaUs: 999 } } }],
    ['spec.resources.cpu.quota_us', { resources: { cpu: { quotaUs: -2 } } }],
    ['spec.resources.cpu.period_us', { resources: { cpu: { periodUs: 999 } } }],
    ['spec.resources.cpu.period_us', { resources: { cpu: { periodUs: 1_000_001 } } }],
    ['spec.resources.cpu.cpuset_cpus', { resources: { cpu: { cpusetCpus: '1-0' } } }],
    ['spec.resources.memory.max_bytes', { resources: { memory: { maxBytes: 6 * 2 ** 20 - 1 } } }],
    ['spec.resources.cpu.cpuset_partition', { resources: { cpu: { cpusetPartition: 'x' } } }],
    ['spec.resources.cpu.realtime_period_us', { resources: { cpu: { realtimePeriodUs: 1 } } }],
    ['spec.resources.memory.low_bytes', { resources: { memory: { lowBytes: -2 } } }],
    ['spec.resources.memory.swappiness', { resources: { memory: { swappiness: 101 } } }],
    ['spec.resources.hugetlb[0].page_size', { resources: { hugetlb: [{ pageSize: '3MB' }] } }],
    ['spec.resources.hugetlb', { resources: { hugetlb: [{ pageSize: '2MB' }, { pageSize: '2048k' }] } }],
    ['spec.resources.io.weight', { resources: { io: { weight: 9 } } }],
    ['spec.resources.memory.high_bytes', { resources: { memory: { highBytes: 4095 } } }],
    [
      'spec.resources.io.read_bps[0].device',
      { resources: { io: { readBps: [{ device: 'vda', value: 1 }] } } },
    ],
    [
      'spec.resources.io.read_iops[0].value',
      { resources: { io: { readIops: [{ device: '1:1', value: 2 ** 32 }] } } },
    ],
    ['spec.resources.network.priorities', { resources: { network: { priorities: { 'a/b': 1 } } } }],
    ['spec.resources.cgroup.settings[0].file', { resources: { cgroup: { settings: [{ value: '1' }] } } }],
    ['spec.process.oom_score_adj', { process: { args: ['x'], oomScoreAdj: 1001 } }],
    ['spec.devices[0].host_path', { devices: [{ hostPath: 'fuse' }] }],
    ['spec.devices[0].container_path', { devices: [{ hostPath: '/dev/a', containerPath: '/dev/../x' }] }],
    ['spec.devices[0].access', { devices: [{ hostPath: '/dev/a', access: 'rr' }] }],
    ['spec.device_rules[0].type', { deviceRules: [{ type: 'x', access: 'r' }] }],
    ['spec.device_rules[0].major', { deviceRules: [{ type: 'c', access: 'r', major: 4096 }] }],
    ['spec.cgroup_parent', { cgroupParent: 'a/../b' }],
    ['spec.cgroup_parent', { cgroupParent: '/' }],
    ['spec.resources.pids.max', { resources: { pids: { max: -2 } } }],
  ]);
});

test('a number that is too large is refused, and the error prints no digits that were not given', () => {
  const limited = (maxBytes: number) => () => parse({ resources: { memory: { maxBytes } } });
  assert.throws(limited(2 ** 53), /max_bytes: the maximum is 9007199254740991 bytes/);
  assert.throws(limited(100), /the minimum is 6291456 bytes/);
  const period = (periodUs: number) => () => parse({ resources: { cpu: { periodUs } } });
  assert.throws(period(999), /period_us 999: it must be a whole number/);
  assert.throws(period(2 ** 60), /period_us: it must be a whole number/);
});

test('0 and an empty text mean no limit, as in Docker', () => {
  const cpu = { shares: 0, weight: 0, quotaUs: 0, periodUs: 0, realtimeRuntimeUs: 0, realtimePeriodUs: 0 };
  const { resources, shmSizeBytes } = parse({
    resources: {
      cpu: { ...cpu, cpusetCpus: '', cpusetMems: '', cpusetPartition: '' },
      memory: { maxBytes: 0, memorySwapBytes: 0, reservationBytes: 0, highBytes: 0 },
      pids: { max: 0 },
      io: { weight: 0, weightDevices: [{ device: '8:0', value: 0 }], readBps: [{ device: '8:0', value: 0 }] },
    },
    shmSizeBytes: 0,
  });
  const plain = parse({});
  assert.deepEqual({ ...resources, pids: null, io: null }, { ...plain.resources, pids: null, io: null });
  assert.equal(resources.pids.max, -1);
  // A rate of 0 ends one that was set.
  assert.deepEqual(resources.io, { ...plain.resources.io, readBps: [{ device: '8:0', value: 0 }] });
  assert.equal(shmSizeBytes, plain.shmSizeBytes);
});

test('0 is kept where it is a value', () => {
  const cpu = { burstUs: 0 };
  const memory = { lowBytes: 0, minBytes: 0, swapHighBytes: 0, zswapMaxBytes: 0, swappiness: 0 };
  const { resources } = parse({ resources: { cpu, memory, cgroup: { maxDepth: 0 } } });
  assert.deepEqual([resources.cpu.burstUs, resources.cgroup.maxDepth], [0, 0]);
  for (const [name, value] of Object.entries(memory))
    assert.equal(resources.memory[name as keyof typeof memory], value, name);
});

test('a health check gets its defaults; an impossible one is refused', () => {
  assert.deepEqual(parse({ healthCheck: { shell: 'true' } }).healthCheck, {
    shell: 'true',
    args: [],
    intervalMs: 30_000,
    timeoutMs: 30_000,
    retries: 3,
    startPeriodMs: 0,
    startIntervalMs: 5_000,
    onFailure: 'none',
  });
  const restart = { shell: 'true', onFailure: 'ON_FAILURE_RESTART' } as const;
  refuses([
    ['spec.health_check.args', { healthCheck: {} }],
    ['spec.health_check', { healthCheck: { shell: 'true', args: ['true'] } }],
    ['spec.health_check.interval_ms', { healthCheck: { shell: 'true', intervalMs: 2 ** 31 } }],
    ['spec.health_check.on_failure', { healthCheck: restart, autoRemove: true }],
  ]);
});

test('names that every object inherits are not valid values', () => {
  for (const word of ['toString', 'constructor', '__proto__']) {
    refuses([
      ['spec.mounts[0].options[0]', { mounts: [{ type: 'TYPE_TMPFS', target: '/t', options: [word] }] }],
      [
        'spec.mounts[0].options[0]',
        { mounts: [{ type: 'TYPE_TMPFS', target: '/t', options: [`${word}=1`] }] },
      ],
    ]);
    const { labels } = parse({ labels: Object.fromEntries([[word, 'x']]) });
    assert.deepEqual(Object.entries(labels), [[word, 'x']]);
  }
});
