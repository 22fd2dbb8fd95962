import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Given } from '../../../../../common/schema.ts';
import { notHeld, type Step } from '../../../../kernel/plan/steps.ts';
import {
  type CapabilityName,
  capability,
  defaultCapabilities,
} from '../../../../kernel/security/capabilities.ts';
import { type IdMaps, rangeMaps } from '../../../../kernel/users/id-maps.ts';
import { specOf } from '../../../../test/fake-engine.ts';
import type { ContainerSpec, specSchema } from '../../model/spec.ts';
import type { RiskFacts } from './facts.ts';
import { hostMounts } from './files.ts';
import { reachOf, severities } from './places.ts';
import { type RuleName, risksOf, ruleNames } from './risks.ts';

type SpecPatch = Partial<Given<typeof specSchema>>;
type FactsPatch = Partial<Omit<RiskFacts, 'spec'>>;

const limited = [
  { knob: 'memory.max_bytes', file: '/g/memory.max', value: '67108864' },
  { knob: 'pids.max', file: '/g/pids.max', value: '2048' },
];

function mountsOf(spec: ContainerSpec) {
  return hostMounts(spec, { steps: [], maps: null, pathOf: (path) => path });
}

/** A container that is a risk to nobody, but for the patches. */
function factsOf(patch: SpecPatch = {}, more: FactsPatch = {}): RiskFacts {
  const spec = specOf(patch);
  return {
    spec,
    engineIsRoot: true,
    isMapped: true,
    whyUnmapped: '',
    capabilities: defaultCapabilities,
    filter: { profile: 'builtin', defaultAction: 'errno EPERM' },
    readOnlyPaths: ['/proc/sys'],
    cgroupWrites: limited,
    mounts: mountsOf(spec),
    devices: [],
    deviceRules: [],
    publishAddresses: ['127.0.0.1', '::1'],
    engineFolders: ['/var/lib/liker'],
    engineSockets: [['/run/docker.sock', 'Docker']],
    nameOf: (id) => `name of ${id}`,
    ...more,
  };
}

function found(patch: SpecPatch = {}, more: FactsPatch = {}): string[] {
  return risksOf(factsOf(patch, more)).map(({ severity, rule, text }) => `${severity} ${rule}: ${text}`);
}

const host: FactsPatch = { isMapped: false };
const rootless: FactsPatch = { isMapped: false, engineIsRoot: false };
const hostRoot = 'high host-root: root inside is root on the host, since --userns host';
const sh = { args: ['sh'] };
const app = { ...sh, user: 'app' };
const confined = { ...app, noNewPrivileges: true };
const bind = (source: string, more = {}) => ({ type: 'bind', source, target: '/h', ...more }) as const;
const withCapability = (name: CapabilityName): FactsPatch => ({
  capabilities: defaultCapabilities | capability(name),
});

test('a container in a user namespace, with limits and a filter, is no risk', () => {
  assert.deepEqual(found(), []);
});

/** What each rule finds, and what it does not. */
const cases: Readonly<Record<RuleName, readonly (readonly [SpecPatch, FactsPatch, readonly string[]])[]>> = {
  privileged: [
    [
      { process: { ...sh, privileged: true } },
      { ...host, filter: null },
      [
        "critical privileged: has every capability and every device of the host's root, and no filter of system calls, since --privileged",
        'critical disk: can read and write every disk of the host, since --privileged',
        hostRoot,
      ],
    ],
  ],
  'engine-socket': [
    [
      { mounts: [bind('/run/docker.sock')] },
      {},
      [
        'critical engine-socket: can reach the socket of Docker through /h: whoever reaches it is root on the host',
        'low host-files: can write /run/docker.sock of the host through /h',
      ],
    ],
    // A read-only mount does not keep anybody from connecting.
    [
      { mounts: [bind('/run', { readOnly: true })] },
      {},
      [
        'critical engine-socket: can reach the socket of Docker through /h/docker.sock: whoever reaches it is root on the host',
        'high host-files: can read /run of the host, with sockets of its services, through /h',
      ],
    ],
    [
      { mounts: [bind('/run/docker.sock', { readOnly: true })] },
      { engineIsRoot: false },
      [
        'high engine-socket: can reach the socket of Docker through /h: whoever reaches it is the user who runs it',
      ],
    ],
    // An overlay shows the file, but nobody can connect to it; what is mounted below is not in it.
    [
      { rootfs: { directory: '/' } },
      {},
      ['high host-files: can read / of the host, with every file that root can read, as its root'],
    ],
  ],
  'host-files': [
    [{ mounts: [bind('/etc')] }, {}, ['critical host-files: can write /etc of the host through /h']],
    [
      { mounts: [bind('/etc', { readOnly: true })] },
      {},
      ['high host-files: can read /etc of the host, with its passwords and keys, through /h'],
    ],
    [
      { mounts: [bind('/etc')] },
      { engineIsRoot: false },
      ['low host-files: can write /etc of the host through /h, as far as the user who runs likerd may'],
    ],
    [
      { mounts: [bind('/home')] },
      { engineIsRoot: false },
      ['high host-files: can write /home of the host through /h, as far as the user who runs likerd may'],
    ],
    [
      { mounts: [bind('/var')] },
      { engineIsRoot: false },
      ['high host-files: can write /var of the host through /h, as far as the user who runs likerd may'],
    ],
    [{ mounts: [bind('/etc/ssl/certs', { readOnly: true })] }, {}, []],
    [{ mounts: [bind('/srv/data')] }, {}, ['low host-files: can write /srv/data of the host through /h']],
    [{ mounts: [bind('/srv/data', { readOnly: true })] }, {}, []],
    [
      { process: confined, mounts: [bind('/etc')] },
      {},
      ['critical host-files: can write /etc of the host through /h, as far as user app may'],
    ],
    [
      { rootfs: { directory: '/srv/root', mode: 'rw' } },
      {},
      ['low host-files: can write /srv/root of the host as its root'],
    ],
    [{ rootfs: { directory: '/srv/root', mode: 'rw' }, readOnly: true }, {}, []],
    [
      { mounts: [bind('/etc')] },
      {
        mounts: [
          { source: '/etc', path: '/etc', target: '/h', writable: true, asRoot: false, shared: false },
        ],
      },
      [],
    ],
  ],
  disk: [
    [
      { process: { ...sh, privileged: true } },
      { ...rootless, filter: null },
      [
        'high privileged: has every capability within its user namespace, and no filter of system calls, since --privileged',
        'medium host-root: root inside is the user who runs likerd, since --userns host',
      ],
    ],
    [
      {},
      {
        devices: [
          {
            path: '/dev/sda',
            hostPath: '/dev/sda',
            type: 'b',
            major: 8,
            minor: 0,
            mode: 0o660,
            uid: 0,
            gid: 0,
          },
        ],
        deviceRules: [{ allow: true, type: 'b', major: 8, minor: 0, access: 'rwm' }],
      },
      ['critical disk: can read and write the disk /dev/sda'],
    ],
    [
      {},
      {
        devices: [
          {
            path: '/dev/sda',
            hostPath: '/dev/sda',
            type: 'b',
            major: 8,
            minor: 0,
            mode: 0o660,
            uid: 0,
            gid: 0,
          },
        ],
        deviceRules: [{ allow: true, type: 'b', major: 8, minor: 0, access: 'r' }],
      },
      ['high disk: can read the disk /dev/sda'],
    ],
    [
      { process: confined },
      {
        devices: [
          {
            path: '/dev/sda',
            hostPath: '/dev/sda',
            type: 'b',
            major: 8,
            minor: 0,
            mode: 0o660,
            uid: 0,
            gid: 6,
          },
        ],
        deviceRules: [{ allow: true, type: 'b', major: 8, minor: 0, access: 'r' }],
      },
      ['high disk: can read the disk /dev/sda, as far as user app may'],
    ],
    // It can make no node of it in a user namespace.
    [{}, { deviceRules: [{ allow: true, type: 'b', major: 8, minor: null, access: 'rwm' }] }, []],
    [
      {},
      { ...host, deviceRules: [{ allow: true, type: 'b', major: 8, minor: null, access: 'rwm' }] },
      ['critical disk: can read and write the disk b 8:*', hostRoot],
    ],
    [
      {},
      {
        ...host,
        deviceRules: [
          { allow: true, type: 'b', major: 8, minor: null, access: 'rwm' },
          { allow: false, type: 'b', major: null, minor: null, access: 'rwm' },
        ],
      },
      [hostRoot],
    ],
    [
      {},
      {
        devices: [
          {
            path: '/dev/mem',
            hostPath: '/dev/mem',
            type: 'c',
            major: 1,
            minor: 1,
            mode: 0o640,
            uid: 0,
            gid: 0,
          },
        ],
        deviceRules: [{ allow: true, type: 'c', major: 1, minor: 1, access: 'r' }],
      },
      ['critical disk: can read the memory of the machine: /dev/mem'],
    ],
    [
      {},
      {
        devices: [
          {
            path: '/dev/dri/card0',
            hostPath: '/dev/dri/card0',
            type: 'c',
            major: 226,
            minor: 0,
            mode: 0o660,
            uid: 0,
            gid: 0,
          },
        ],
        deviceRules: [{ allow: true, type: 'c', major: 226, minor: 0, access: 'rwm' }],
      },
      [],
    ],
  ],
  capability: [
    [
      {},
      { ...host, ...withCapability('SYS_MODULE') },
      ['critical capability: can load code into the kernel, with CAP_SYS_MODULE', hostRoot],
    ],
    [{}, withCapability('SYS_MODULE'), []],
    [
      {},
      withCapability('SYS_ADMIN'),
      [
        'low capability: can mount, and use parts of the kernel that are meant for root, within its user namespace, with CAP_SYS_ADMIN',
      ],
    ],
    [{ process: confined }, { ...host, ...withCapability('SYS_MODULE') }, []],
  ],
  'host-root': [
    [{}, host, [hostRoot]],
    [
      { process: app },
      host,
      [
        'medium host-root: root inside is root on the host, since --userns host; it starts as user app, but a setuid program can make it root',
      ],
    ],
    [{ process: confined }, host, []],
    [
      {},
      { isMapped: false, whyUnmapped: 'its root is on nfs' },
      ['high host-root: root inside is root on the host: its root is on nfs'],
    ],
    [{}, rootless, ['medium host-root: root inside is the user who runs likerd, since --userns host']],
    [
      { process: app },
      rootless,
      [
        'low host-root: root inside is the user who runs likerd, since --userns host; it starts as user app, but a setuid program can make it root',
      ],
    ],
  ],
  'system-calls': [
    [
      { seccompUnconfined: true },
      { filter: null },
      [
        'high system-calls: can make every system call: there is no filter, since --security-opt seccomp=unconfined',
      ],
    ],
    [
      {},
      { filter: null },
      ['high system-calls: can make every system call: there is no filter, since this machine has none'],
    ],
    [
      {},
      { filter: { profile: 'custom', defaultAction: 'log' } },
      ['medium system-calls: can make every system call that its seccomp profile does not name'],
    ],
  ],
  'system-paths': [
    [
      { unmaskPaths: ['ALL'] },
      { ...host, readOnlyPaths: [] },
      [
        'critical system-paths: can change kernel parameters of the host below /proc/sys, since --security-opt unmask=ALL',
        hostRoot,
      ],
    ],
    [
      { unmaskPaths: ['/proc/kcore', '/sys/firmware'] },
      {},
      [
        'medium system-paths: sees paths of /proc and /sys that are hidden by default, since --security-opt unmask=/proc/kcore:/sys/firmware',
      ],
    ],
    [
      { unmaskPaths: ['ALL'] },
      { readOnlyPaths: [] },
      [
        'medium system-paths: sees paths of /proc and /sys that are hidden by default, since --security-opt unmask=ALL',
      ],
    ],
  ],
  'host-pid': [
    [
      { namespaces: { pid: { kind: 'host' } } },
      {},
      ['medium host-pid: sees all processes of the host and their arguments, since --pid host'],
    ],
    [
      { namespaces: { pid: { kind: 'host' } } },
      host,
      [
        'high host-pid: sees all processes of the host and can kill them, since --pid host',
        hostRoot,
      ].reverse(),
    ],
    [
      { namespaces: { pid: { kind: 'host' } } },
      { ...host, ...withCapability('SYS_PTRACE') },
      [
        'critical host-pid: can take over any process of the host, since --pid host with CAP_SYS_PTRACE',
        hostRoot,
        'medium capability: can read and change every process that it sees, with CAP_SYS_PTRACE',
      ],
    ],
    [
      { namespaces: { pid: { kind: 'container', id: 'x' } } },
      {},
      ['low host-pid: sees the processes of container name of x, and can signal them'],
    ],
  ],
  'host-network': [
    [
      { namespaces: { network: { kind: 'host' } } },
      {},
      [
        'high host-network: shares the network of the host: it reaches services that listen on its loopback or on abstract sockets, since --network host',
      ],
    ],
    [
      { namespaces: { network: { kind: 'host' } } },
      { ...host, ...withCapability('NET_ADMIN') },
      [
        hostRoot,
        'high host-network: can change the interfaces, routes and packet filter of the host, since --network host with CAP_NET_ADMIN',
        'high host-network: shares the network of the host: it reaches services that listen on its loopback or on abstract sockets, and can read and forge packets, since --network host',
      ],
    ],
    [
      { namespaces: { network: { kind: 'container', id: 'x' } } },
      {},
      ['low host-network: shares the network of container name of x'],
    ],
    [
      { namespaces: { network: { kind: 'path', path: '/run/netns/n' } } },
      {},
      ['low host-network: is in the network of /run/netns/n'],
    ],
  ],
  'open-ports': [
    [{ ports: [{ hostPort: 8080, containerPort: 80 }], publishAll: true, exposedPorts: ['81/tcp'] }, {}, []],
    [
      { ports: [{ hostAddress: '0.0.0.0', hostPort: 8000, containerPort: 80, length: 11, protocol: 'udp' }] },
      {},
      ['low open-ports: other machines reach its port 80-90/udp at 0.0.0.0:8000-8010'],
    ],
    [
      {
        ports: [{ containerPort: 80 }, { hostPort: 90, hostPorts: 5, containerPort: 81 }],
        publishAll: true,
        exposedPorts: ['82/tcp'],
      },
      { publishAddresses: ['127.0.0.1', '192.0.2.1', '2001:db8::1'] },
      [
        'low open-ports: other machines reach its port 80/tcp at 192.0.2.1, any free port and [2001:db8::1], any free port',
        'low open-ports: other machines reach its port 81/tcp at 192.0.2.1, a free port of 90-94 and [2001:db8::1], a free port of 90-94',
        'low open-ports: other machines reach its port 82/tcp at 192.0.2.1, any free port and [2001:db8::1], any free port',
      ],
    ],
  ],
  'host-ipc': [
    [
      { namespaces: { ipc: { kind: 'host' } } },
      {},
      ['medium host-ipc: shares shared memory and message queues with the host, since --ipc host'],
    ],
    [
      { namespaces: { ipc: { kind: 'container', id: 'x' } } },
      {},
      ['low host-ipc: shares shared memory and message queues with container name of x'],
    ],
  ],
  'host-cgroup': [
    [
      { namespaces: { cgroup: { kind: 'host' } } },
      {},
      ['low host-cgroup: sees the control groups of the host, since --cgroupns host'],
    ],
  ],
  'memory-limit': [
    [
      {},
      { cgroupWrites: limited.slice(1) },
      ['medium memory-limit: can use all memory of the host: there is no limit (--memory)'],
    ],
  ],
  'process-limit': [
    [
      {},
      { cgroupWrites: [...limited.slice(0, 1), { knob: 'pids.max', file: '/g/pids.max', value: 'max' }] },
      ['medium process-limit: can use up the process ids of the host: there is no limit (--pids-limit)'],
    ],
  ],
  'out-of-memory': [
    [
      { resources: { memory: { oomKillDisable: true } } },
      {},
      ['medium out-of-memory: hangs when it reaches its limit on memory, since --oom-kill-disable'],
    ],
    [
      { process: { ...sh, oomScoreAdj: -500 } },
      {},
      ['low out-of-memory: others are killed before it when memory is short, since --oom-score-adj -500'],
    ],
  ],
  propagation: [
    [
      { mounts: [bind('/mnt', { propagation: 'rshared', readOnly: true })] },
      {},
      ['medium propagation: what it mounts below /h appears below /mnt of the host'],
    ],
  ],
  'new-privileges': [
    [
      { process: app },
      {},
      [
        'low new-privileges: a setuid program can make it root inside, without --security-opt no-new-privileges',
      ],
    ],
    [{ process: confined }, {}, []],
  ],
};

for (const rule of ruleNames)
  test(`the rule ${rule}`, () => {
    for (const [patch, more, expected] of cases[rule])
      assert.deepEqual(
        found(patch, more),
        expected,
        JSON.stringify([patch, more], (_, value) => (typeof value === 'bigint' ? String(value) : value)),
      );
  });

test('docs/explain.md has a row for each rule', () => {
  const doc = readFileSync(join(import.meta.dirname, '../../../../../docs/explain.md'), 'utf8');
  const table = doc.slice(doc.indexOf('| rule |'));
  const rows = table.split('\n').flatMap((line) => line.split('|')[1]?.match(/(?<=`)[a-z-]+(?=`)/g) ?? []);
  assert.deepEqual(rows, ruleNames);
});

test('root inside has the rights of root where the ids of a mount are mapped, or are those of the host', () => {
  const maps = rangeMaps(600_000);
  const own: Step = { step: 'id-map', ...maps };
  const other: Step = { step: 'id-map', ...rangeMaps(0) };
  const shifted: Step = { step: 'id-map', ...rangeMaps(590_000) };
  const take = (map: number): Step => ({
    step: 'take',
    source: '/data',
    recursive: true,
    attributes: 0,
    topOnly: false,
    propagation: 0,
    map,
    optional: false,
  });
  const asRoot = (steps: readonly Step[], of: IdMaps | null) =>
    hostMounts(specOf({ mounts: [bind('/data')] }), { steps, maps: of, pathOf: (path) => path })[1]?.asRoot;
  assert.equal(asRoot([own, take(0)], maps), true, 'idmapped');
  assert.equal(asRoot([own, take(notHeld)], maps), false, 'bare');
  assert.equal(asRoot([own, shifted, take(1)], maps), false, 'root is another user on the disk');
  assert.equal(asRoot([{ step: 'join-user', pid: 1, startTime: '1' }, take(0)], maps), true, 'shared');
  assert.equal(asRoot([take(notHeld)], null), true, 'no user namespace');
  assert.equal(asRoot([own, take(0)], null), false, 'no user namespace, and a map without root of the host');
  assert.equal(asRoot([other, take(0)], null), true, 'no user namespace, and a map with it');
});

test('the most dangerous comes first', () => {
  const order = risksOf(
    factsOf(
      {
        mounts: [bind('/srv'), bind('/etc')],
        namespaces: { network: { kind: 'host' }, ipc: { kind: 'host' } },
      },
      { ...host, cgroupWrites: [] },
    ),
  ).map(({ severity }) => severities.indexOf(severity));
  assert.deepEqual(order, order.toSorted());
  assert.equal(new Set(order).size, severities.length);
});

test('places of the host: what covers one, what lies below one, and what is like any other folder', () => {
  const reach = (path: string) =>
    (['write', 'read'] as const)
      .map((how) => reachOf(path, how, { folders: ['/data/liker'], isRoot: true })?.severity ?? '-')
      .join(' ');
  for (const [path, severity] of [
    ['/', 'critical high'],
    ['/etc', 'critical high'],
    ['/etc/nginx', 'high -'],
    ['/etc/shadow', 'critical high'],
    ['/etc/ssh/x', 'critical -'],
    ['/usr/local', 'high -'],
    ['/home', 'high high'],
    ['/home/me/src', '- -'],
    ['/root/work', '- -'],
    ['/var', 'critical high'],
    ['/var/lib/mysql', '- -'],
    ['/var/spool', 'critical -'],
    ['/var/spool/cron/crontabs', 'critical -'],
    ['/proc/sys', 'high -'],
    ['/srv', '- -'],
    ['/etcetera', '- -'],
    ['/data', 'critical high'],
    ['/data/liker', 'critical high'],
    ['/data/liker/containers/x', '- -'],
  ] as const)
    assert.equal(reach(path), severity, path);
});
