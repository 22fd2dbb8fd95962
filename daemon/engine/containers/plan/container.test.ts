import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeLaunch } from '../../../kernel/plan/encode.ts';
import { cloneFlag, type Step, type StepName, type StepOf } from '../../../kernel/plan/steps.ts';
import { specOf } from '../../../test/fake-engine.ts';
import type { ContainerSpec } from '../model/spec.ts';
import { type ContainerPlanInput, containerPlan } from './container.ts';
import type { PlannedMount } from './mounts.ts';
import { overlayOptions } from './overlay.ts';

const spec = specOf({
  process: {
    args: ['bash'],
    env: ['SECRET=hunter2'],
    tty: true,
    openStdin: true,
    terminalSize: { columns: 100, rows: 30, xPixels: 0, yPixels: 0 },
  },
});

const root = { user: '', group: null, moreGroups: [] };

const input: ContainerPlanInput = {
  spec,
  hostname: 'box',
  mountPoint: '/run/x',
  userNamespace: null,
  overlay: { lowers: ['/srv/root'], layer: '/layer', volatile: false, userXattr: false },
  mounts: [],
  mountsBelow: [],
  secrets: [],
  files: { own: { '/etc/hosts': 'hosts' }, ofNetwork: [] },
  fileStore: '/run/x',
  cgroup: { joinFiles: ['/cg/pids/x/tasks'], unified: '/cg/unified/x' },
  cgroupPaths: { pids: '/cg/pids/x', v2: '/cg/unified/x' },
  writableCgroups: [],
  credentials: {
    user: root,
    capabilities: 0xffn,
    rlimits: [],
    seccomp: { program: new Uint8Array(16), flags: 0, rules: 1, defaultAction: 0 },
    label: null,
    landlock: [],
  },
  hidden: { masked: ['/proc/kcore'], readOnly: ['/proc/sys'] },
  ownLastGroup: 99,
  networkSysctls: { 'net.ipv4.ping_group_range': '0 2147483647' },
  devices: [],
  oomScore: null,
  shared: {},
  foreign: new Set(),
  isRootOnHost: true,
  connect: null,
  connected: false,
  attended: true,
};

/** A spec with these mounts, and the plan's. */
function mounting(
  mounts: readonly Readonly<Record<string, unknown>>[],
  changes: Parameters<typeof specOf>[0] = {},
): Pick<ContainerPlanInput, 'spec' | 'mounts'> {
  const spec = specOf({ ...changes, mounts } as Parameters<typeof specOf>[0]);
  const given = spec.mounts.map((mount): PlannedMount => {
    if (mount.type === 'tmpfs') return mount;
    if (mount.type === 'bind' && !mount.overlay) return { ...mount, map: 'none', below: [] };
    if (mount.type !== 'volume') {
      const { target, readOnly } = mount;
      const lowers = mount.type === 'bind' ? [mount.source] : ['/layers/b', '/layers/a'];
      return {
        ...{ type: 'overlay', lowers, layer: '/c/o', target, readOnly, map: 'none' },
        subpath: mount.type === 'bind' ? '' : mount.subpath,
      };
    }
    return { ...mount, source: `/volumes/${mount.volume}`, map: 'none', fill: 'first' };
  });
  return { spec, mounts: given };
}

function names(changes: Partial<ContainerSpec> = {}): StepName[] {
  return containerPlan({ ...input, spec: { ...spec, ...changes } }).steps.map((step) => step.step);
}

function find<Name extends StepName>(steps: readonly Step[], name: Name): StepOf<Name> {
  const found = steps.find((step) => step.step === name);
  assert.ok(found, `no step ${name}`);
  return found as StepOf<Name>;
}

test('steps are in the order that the kernel and security require', () => {
  const order = names();
  const before = (first: StepName, second: StepName) =>
    assert.ok(order.indexOf(first) < order.indexOf(second), `${first} before ${second}`);
  // The root of the cgroup namespace is the group at the time of unshare.
  before('join-cgroup', 'unshare');
  before('propagation', 'root-overlay');
  // By the files that its programs will see, and before anything is given to the user.
  before('pivot', 'look-up-user');
  before('look-up-user', 'stdio');
  before('terminal', 'pivot');
  before('pivot', 'mask');
  before('capabilities', 'init');
  before('init', 'exec');
  // Without no_new_privs a filter needs a capability that goes next.
  before('seccomp', 'capabilities');
  before('bounding', 'user');
  before('user', 'capabilities');
  assert.equal(order.at(-1), 'exec');
});

test('with no_new_privs the seccomp filter comes last, so that it need not allow the set-up', () => {
  const order = names({ process: { ...spec.process, noNewPrivileges: true } });
  assert.ok(order.indexOf('no-new-privileges') < order.indexOf('seccomp'));
  assert.ok(order.indexOf('capabilities') < order.indexOf('seccomp'));
});

test('T14: nothing is inheritable or ambient, and a user other than root has no capabilities', () => {
  const user = { uid: 1000, gid: 1000, groups: [], home: '/' };
  const credentials = { ...input.credentials, user };
  const caps = find(containerPlan({ ...input, credentials }).steps, 'capabilities');
  assert.deepEqual([caps.effective, caps.permitted, caps.inheritable, caps.ambient], [0n, 0n, 0n, 0n]);
});

test('T18: the environment is built from nothing', () => {
  process.env['LIKER_TEST_LEAK'] = '1';
  const { env } = find(containerPlan(input).steps, 'exec');
  delete process.env['LIKER_TEST_LEAK'];
  assert.deepEqual(
    env.map((entry) => entry.split('=')[0]),
    ['PATH', 'HOSTNAME', 'TERM', 'SECRET'],
  );
});

test('shared namespaces are not created, and are joined if they are those of another container', () => {
  const shared = { network: { pid: 42, startTime: '7' } };
  const namespaces = {
    ...spec.namespaces,
    network: { kind: 'container', id: 'x' } as const,
    ipc: { kind: 'host' } as const,
  };
  const plan = containerPlan({ ...input, shared, spec: { ...spec, namespaces } });
  assert.equal(plan.settings.cloneFlags & (cloneFlag.network | cloneFlag.ipc), 0);
  assert.deepEqual(find(plan.steps, 'join-namespace'), {
    step: 'join-namespace',
    flag: cloneFlag.network,
    pid: 42,
    startTime: '7',
  });
  assert.ok(!plan.steps.some((step) => step.step === 'loopback'));
});

test("a container that shares processes uses the procfs of the other, and mounts none that would show the host's", () => {
  const pid = { kind: 'container', id: 'x' } as const;
  const shared = { pid: { pid: 42, startTime: '7' } };
  const { steps } = containerPlan({
    ...input,
    shared,
    spec: { ...spec, namespaces: { ...spec.namespaces, pid } },
  });
  assert.deepEqual(
    steps.flatMap((step) =>
      ('target' in step && step.target === '/proc') || step.step === 'proc-of' ? [step] : [],
    ),
    [{ step: 'proc-of', pid: 42, startTime: '7', attributes: 0xe }],
  );
});

test('there is no init in a shared pid namespace, nor if it is disabled', () => {
  assert.ok(names().includes('init'));
  assert.ok(!names({ init: false }).includes('init'));
  assert.ok(!names({ namespaces: { ...spec.namespaces, pid: { kind: 'host' } } }).includes('init'));
});

test('devices are created beside the standard ones, and oom_score_adj is set before the init forks', () => {
  const fuse = {
    path: '/dev/fuse',
    hostPath: '/dev/fuse',
    type: 'c',
    major: 10,
    minor: 229,
    mode: 0o600,
    uid: 0,
    gid: 0,
  } as const;
  const { steps } = containerPlan({ ...input, devices: [fuse], oomScore: -5 });
  const { path, hostPath, ...values } = fuse;
  const made = steps.find((step) => step.step === 'device' && step.target === path);
  assert.deepEqual(made, { step: 'device', target: path, ...values });
  const elsewhere = { ...input, devices: [{ ...fuse, path: '/dev/f' }], isRootOnHost: false };
  const bound = containerPlan(elsewhere).steps.find(
    (step) => step.step === 'bind' && step.target === '/dev/f',
  );
  assert.ok(bound?.step === 'bind' && bound.source === hostPath, 'only the root of the host makes nodes');
  const order = steps.map(({ step }) => step);
  assert.ok(order.indexOf('oom-score') > -1 && order.indexOf('oom-score') < order.indexOf('init'));
  assert.ok(!names().includes('oom-score'));
});

test('a private network has its default sysctls, unless the container sets others', () => {
  const name = 'net.ipv4.ping_group_range';
  const values = (changes: Partial<ContainerSpec>): string[] =>
    containerPlan({ ...input, spec: { ...spec, ...changes } }).steps.flatMap((step) =>
      step.step === 'sysctl' ? [`${step.path} ${step.value}`] : [],
    );
  assert.deepEqual(values({}), ['net/ipv4/ping_group_range 0 2147483647']);
  assert.deepEqual(values({ sysctls: { [name]: '1 0' } }), ['net/ipv4/ping_group_range 1 0']);
  assert.deepEqual(values({ sysctls: { 'net.ipv4.conf.eth0/5.forwarding': '1' } }), [
    'net/ipv4/ping_group_range 0 2147483647',
    'net/ipv4/conf/eth0.5/forwarding 1',
  ]);
  for (const network of [
    { kind: 'host' },
    { kind: 'container', id: 'x' },
    { kind: 'path', path: '/n' },
  ] as const)
    assert.deepEqual(values({ namespaces: { ...spec.namespaces, network } }), []);
});

test('hidepid spares the group that is named, and otherwise one that nobody has', () => {
  const options = (procOptions: string[]) => {
    const { steps } = containerPlan({ ...input, spec: { ...spec, procOptions } });
    return steps.flatMap((step) => (step.step === 'mount' && step.type === 'proc' ? step.options : []));
  };
  assert.deepEqual(options([]), []);
  assert.deepEqual(options(['subset=pid']), [['subset', 'pid']]);
  assert.deepEqual(options(['hidepid=2']), [
    ['hidepid', '2'],
    ['gid', '99'],
  ]);
  assert.deepEqual(options(['gid=7', 'hidepid=2']), [
    ['gid', '7'],
    ['hidepid', '2'],
  ]);
});

test('limits and labels come before the capabilities go, and before a filter that may refuse their calls', () => {
  const credentials = {
    ...input.credentials,
    label: { attribute: 'exec', value: 'exec web' },
    landlock: [{ files: 1n, ports: 0n, allowedPaths: [['/usr', 1n]], allowedPorts: [] }],
  } as const;
  for (const noNewPrivileges of [false, true]) {
    const process = { ...spec.process, noNewPrivileges };
    const order = containerPlan({ ...input, credentials, spec: { ...spec, process } }).steps.map(
      ({ step }) => step,
    );
    const sorted = [
      'host-proc',
      'propagation',
      'pivot',
      'exec-label',
      'landlock',
      'bounding',
      'init',
    ] as const;
    assert.deepEqual(
      sorted.toSorted((a, b) => order.indexOf(a) - order.indexOf(b)),
      sorted,
    );
    assert.ok(sorted.every((step) => order.includes(step)));
    assert.ok(order.indexOf('landlock') < order.indexOf('seccomp'));
    // Without them this needs a capability.
    if (noNewPrivileges) assert.ok(order.indexOf('no-new-privileges') < order.indexOf('landlock'));
  }
});

test('a filter with flags has a step of its own, so that shims of before know the other', () => {
  const filter = (flags: number) => ({
    ...input.credentials,
    seccomp: { program: new Uint8Array(8), flags, rules: 1, defaultAction: 0 },
  });
  const steps = (flags: number) => containerPlan({ ...input, credentials: filter(flags) }).steps;
  assert.equal(find(steps(2), 'seccomp-flags').flags, 2);
  assert.ok(!steps(0).some(({ step }) => step === 'seccomp-flags'));
});

test('mounts of the user are ordered by depth', () => {
  const mount = (target: string) => ({ type: 'tmpfs', target, readOnly: false, options: [] }) as const;
  const plan = containerPlan({ ...input, ...mounting([mount('/a/b/c'), mount('/a')]) });
  const targets = plan.steps.flatMap((step) => (step.step === 'mount' ? [step.target] : []));
  assert.ok(targets.indexOf('/a') < targets.indexOf('/a/b/c'));
});

const bind = { type: 'bind', source: '/srv', target: '/s' } as const;

test('files in /etc are mounted after a mount at /etc', () => {
  const { steps } = containerPlan({ ...input, ...mounting([{ ...bind, target: '/etc' }]) });
  const at = (target: string) => steps.findIndex((step) => 'target' in step && step.target === target);
  assert.ok(at('/etc') < at('/etc/hosts'));
});

test('mounts shared with the host are cloned before the namespace is cut off, and attached after all other mounts', () => {
  const mounts = [{ ...bind, propagation: 'rshared' } as const];
  const { steps } = containerPlan({ ...input, ...mounting(mounts, { readOnly: true }) });
  const order = steps.map(({ step }) => step);
  assert.ok(order.indexOf('take') < order.indexOf('propagation'));
  assert.deepEqual(find(steps, 'attach').trees, [[0, '/s']]);
  const after = order.slice(order.indexOf('attach'));
  for (const mounting of ['mount', 'bind', 'bind-of', 'file', 'mask', 'read-only', 'cgroups'] as const)
    assert.ok(!after.includes(mounting), mounting);
});

test('a read-only root requires its mount points to exist, except those below a mount', () => {
  const root = { kind: 'directory', directory: '/srv/root', mode: 'ro' } as const;
  const process = { args: ['sh'], cwd: '/work' };
  const mounts = [{ ...bind, propagation: 'shared' } as const, { ...bind, target: '/data' }];
  const given = {
    ...input,
    mountsBelow: [{ path: '/below', mappable: true }],
    ...mounting(mounts, { rootfs: root, process }),
  };
  const step = find(containerPlan(given).steps, 'root-bind');
  assert.equal(step.readOnly, true);
  assert.deepEqual([...step.needs].sort(), ['/data', '/dev', '/etc/hosts', '/proc', '/s', '/sys', '/work']);
  assert.deepEqual([step.below, step.overlay], [['/below'], overlayOptions(input.overlay)]);
  const writable = { ...given, spec: { ...given.spec, rootfs: { ...root, mode: 'rw' } as const } };
  const bound = find(containerPlan(writable).steps, 'root-bind');
  assert.deepEqual([bound.readOnly, bound.needs, bound.below], [false, [], []]);
});

test('a tmpfs has safe defaults that its options override', () => {
  const mount = { type: 'tmpfs', target: '/t', options: ['exec', 'size=1m', 'mode=0700'] } as const;
  const plan = containerPlan({ ...input, ...mounting([mount]) });
  const step = plan.steps.find((candidate) => candidate.step === 'mount' && candidate.target === '/t');
  assert.ok(step?.step === 'mount');
  assert.equal(step.attributes, 0x2 | 0x4);
  assert.deepEqual(Object.fromEntries(step.options), { mode: '0700', size: '1m' });
});

test('the binary form has a magic number, a version, and a record for each step', () => {
  const plan = containerPlan(input);
  const bytes = encodeLaunch(plan);
  assert.equal(bytes.toString('latin1', 0, 4), 'LKRP');
  let at = 8;
  let records = 0;
  for (; at < bytes.length; records++) at += 8 + bytes.readUInt32LE(at + 4);
  assert.equal(at, bytes.length);
  assert.equal(records, plan.steps.length + 1);
});
