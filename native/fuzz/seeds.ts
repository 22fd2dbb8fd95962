import { connection } from '../../daemon/kernel/network/endpoint.ts';
import {
  helloRequest,
  joinRequest,
  leaveRequest,
  removeRequest,
  showRequest,
  upstreamsRequest,
} from '../../daemon/kernel/network/resolver-messages.ts';
import { policyRequest, tableMadeRequest } from '../../daemon/kernel/network/resolver-policy.ts';
import { encodeConnect, encodeLaunch, encodeListing, encodeLookUp } from '../../daemon/kernel/plan/encode.ts';
import {
  cloneFlag,
  foundId,
  type LaunchSettings,
  mountAttr,
  ms,
  notHeld,
  type ShimSettings,
  type Step,
  type StepName,
} from '../../daemon/kernel/plan/steps.ts';
import { answerTo, question, types } from '../test/names/messages.ts';
import { containerSteps, settings } from '../test/plans.ts';

const process = { pid: 7, startTime: '99' };

/** One of each step, with every list filled. A step without a sample does not compile. */
const samples: { readonly [Name in StepName]: Extract<Step, { readonly step: Name }> } = {
  'join-namespace': { step: 'join-namespace', flag: cloneFlag.network, ...process },
  'join-cgroup': { step: 'join-cgroup', file: '/sys/fs/cgroup/c/tasks' },
  unshare: { step: 'unshare', flags: cloneFlag.cgroup },
  'oom-score': { step: 'oom-score', value: -500 },
  propagation: { step: 'propagation', flags: ms.REC | ms.SLAVE },
  'root-overlay': {
    step: 'root-overlay',
    at: '/run/root',
    lowers: ['/l'],
    names: ['2', '1'],
    layer: '/w',
    volatile: true,
    userXattr: false,
  },
  'root-bind': {
    step: 'root-bind',
    at: '/run/root',
    source: '/rootfs',
    readOnly: true,
    overlay: 'lowerdir=/rootfs:/empty',
    needs: ['/proc', '/sys'],
    below: ['/usr/local'],
  },
  mount: {
    step: 'mount',
    type: 'tmpfs',
    source: 'tmpfs',
    target: '/tmp',
    attributes: mountAttr.NOSUID,
    create: 'directory',
    optional: true,
    options: [
      ['size', '64k'],
      ['noswap', null],
    ],
  },
  bind: {
    step: 'bind',
    source: '/data',
    target: '/a/../b',
    recursive: true,
    attributes: mountAttr.RDONLY | mountAttr.NOATIME,
    topOnly: false,
    propagation: ms.REC | ms.SLAVE,
    map: notHeld,
    create: 'file',
    optional: true,
  },
  directory: { step: 'directory', target: '/var/x', mode: 0o755 },
  symlink: { step: 'symlink', target: '/dev/fd', to: '/proc/self/fd' },
  device: { step: 'device', target: '/dev/null', type: 'c', major: 1, minor: 3, mode: 0o666, uid: 0, gid: 0 },
  terminal: { step: 'terminal', console: true, uid: foundId, gid: 5 },
  hostname: { step: 'hostname', name: 'box' },
  domainname: { step: 'domainname', name: 'lan' },
  loopback: { step: 'loopback' },
  sysctl: { step: 'sysctl', path: 'net/ipv4/ip_forward', value: '0' },
  pivot: { step: 'pivot' },
  mask: { step: 'mask', target: '/proc/kcore' },
  'read-only': { step: 'read-only', target: '/proc/sys' },
  'root-read-only': { step: 'root-read-only' },
  init: { step: 'init' },
  stdio: { step: 'stdio' },
  rlimit: { step: 'rlimit', resource: 7, soft: '1024', hard: '4096' },
  umask: { step: 'umask', mask: 0o022 },
  cwd: { step: 'cwd', path: '/work', create: true },
  groups: { step: 'groups', gids: [1, 2, 3] },
  'no-new-privileges': { step: 'no-new-privileges' },
  seccomp: { step: 'seccomp', filter: Buffer.from('060000000000ff7f', 'hex') },
  bounding: { step: 'bounding', set: 0xa80425fbn },
  user: { step: 'user', uid: 1000, gid: 1000 },
  capabilities: { step: 'capabilities', effective: 3n, permitted: 3n, inheritable: 1n, ambient: 1n },
  exec: { step: 'exec', args: ['sh', '-c', 'true'], env: ['PATH=/bin:/usr/bin', 'TERM=xterm'] },
  'bind-of': { step: 'bind-of', ...process, path: '/dev/shm', attributes: mountAttr.NODEV, optional: true },
  'join-path': { step: 'join-path', flag: cloneFlag.network, path: '/run/netns/n' },
  cgroups: {
    step: 'cgroups',
    target: '/sys/fs/cgroup',
    attributes: mountAttr.RDONLY,
    folders: [['cpu,cpuacct', '/sys/fs/cgroup/cpu,cpuacct']],
    links: [['cpu', 'cpu,cpuacct']],
    writable: ['cpu,cpuacct'],
  },
  'proc-of': { step: 'proc-of', ...process, attributes: mountAttr.NOSUID },
  'look-up-user': { step: 'look-up-user', user: 'web', group: 'staff', moreGroups: ['audio', '7'] },
  'file-store': { step: 'file-store', at: '/run/c/files', size: '64k' },
  file: { step: 'file', target: '/etc/hosts', content: '127.0.0.1 localhost\n', attributes: 0 },
  take: {
    step: 'take',
    source: '/shared',
    recursive: true,
    attributes: 0,
    topOnly: false,
    propagation: ms.SHARED,
    map: notHeld,
    optional: true,
  },
  attach: { step: 'attach', trees: [[0, '/mnt']] },
  'id-map': {
    step: 'id-map',
    uids: [{ inside: 0, outside: 600000, count: 65536 }],
    gids: [
      { inside: 0, outside: 600000, count: 1000 },
      { inside: 1000, outside: 1000, count: 1 },
    ],
  },
  'join-user': { step: 'join-user', ...process },
  'enter-user': { step: 'enter-user', namespace: 0 },
  chdir: { step: 'chdir', path: '/run/c/root' },
  'stream-owner': { step: 'stream-owner', uid: 600000, gid: 600000 },
  'raise-limit': { step: 'raise-limit', resource: 7, hard: '1048576' },
  'take-overlay': {
    step: 'take-overlay',
    at: '/run/c/root',
    lowers: [0],
    names: ['2', '1'],
    layer: 1,
    volatile: true,
    uid: 600000,
    gid: 600000,
    userXattr: false,
    attributes: mountAttr.RDONLY,
    below: 'usr/share',
    folder: 'merged',
    needs: ['/proc'],
  },
  'take-devices': {
    step: 'take-devices',
    uid: 600000,
    gid: 600000,
    size: '64k',
    nodes: [{ name: 'null', type: 'c', major: 1, minor: 3, mode: 0o666, uid: 0, gid: 0 }],
  },
  place: { step: 'place', tree: 0, target: '/data', optional: true },
  'place-root': { step: 'place-root', tree: 0 },
  'take-mount': {
    step: 'take-mount',
    type: 'tmpfs',
    source: 'tmpfs',
    attributes: mountAttr.NOSUID,
    optional: true,
    options: [['size', '64k']],
  },
  'take-of': { step: 'take-of', ...process, path: '/dev/shm', attributes: mountAttr.NODEV, optional: true },
  'take-proc-of': { step: 'take-proc-of', ...process, attributes: mountAttr.NOSUID },
  'place-device': { step: 'place-device', name: 'sda', target: '/dev/disk' },
  'seccomp-flags': { step: 'seccomp-flags', flags: 2, filter: Buffer.from('060000000000ff7f', 'hex') },
  'host-proc': { step: 'host-proc' },
  'exec-label': { step: 'exec-label', attribute: 'exec', value: 'system_u:system_r:container_t:s0' },
  'await-network': { step: 'await-network' },
  'await-daemon': { step: 'await-daemon', files: [0, 1] },
  connect: {
    step: 'connect',
    resolver: '/run/liker/resolver.sock',
    containerId: 'c1',
    ...connection([
      {
        number: 0,
        mac: '02:00:00:00:00:01',
        mtu: 1500,
        addresses: [
          { address: '10.201.0.2', prefix: 24 },
          { address: 'fd00::2', prefix: 64 },
        ],
        gateways: ['10.201.0.1', 'fd00::1'],
        link: { kind: 'bridge', index: 7, name: 'lv0', alias: 'liker:0:c1' },
      },
    ]),
  },
  secret: {
    step: 'secret',
    target: '/run/secrets/s',
    content: Buffer.from('x\0y'),
    mode: 0o400,
    uid: 1,
    gid: 2,
  },
  'enter-container': { step: 'enter-container', ...process, user: true },
  'add-mount': { step: 'add-mount', tree: 0, target: '/data', attributes: mountAttr.RDONLY, optional: true },
  'remove-mount': { step: 'remove-mount', target: '/data', lazy: false },
  'rewrite-file': { step: 'rewrite-file', target: '/etc/resolv.conf', content: 'nameserver 127.0.0.11' },
  hold: { step: 'hold' },
  fill: { step: 'fill', tree: 1, target: '/etc', again: true },
  'take-below': {
    step: 'take-below',
    source: '/volumes/v/_data',
    path: 'a/b',
    recursive: false,
    attributes: 0,
    topOnly: false,
    propagation: ms.PRIVATE,
    map: 0,
    optional: false,
  },
  landlock: {
    step: 'landlock',
    files: 0xffffn,
    ports: 3n,
    allowedPaths: [['/usr', 13n]],
    allowedPorts: [[443, 2n]],
  },
};

const shim: ShimSettings = {
  containerId: 'c1',
  runDir: '/run/liker/c/c1',
  logDir: '/var/lib/liker/c1/log',
  logSegmentBytes: 1 << 20,
  logSegments: 3,
  ringBytes: 4096,
  oomFile: '/sys/fs/cgroup/c1/memory.events',
  network: ['/usr/bin/pasta', '--netns', '/run/liker/c/c1/network'],
};

function plan(steps: readonly Step[], changes: Partial<LaunchSettings> = {}): Buffer {
  return encodeLaunch({ settings: settings(changes), steps: [...steps, samples.exec] }, shim);
}

/** Plans of whole containers and of execs, and one for each step, behind those that it needs. */
function plans(): Buffer[] {
  const container = { at: '/run/root', source: '/rootfs', args: ['sh'] };
  const exec: Partial<LaunchSettings> = { joinMain: cloneFlag.mount | cloneFlag.pid, joinPid: process };
  const needs: Partial<Record<StepName, readonly StepName[]>> = {
    attach: ['take'],
    file: ['file-store'],
    'enter-user': ['id-map'],
    'take-overlay': ['take', 'take'],
    place: ['take'],
    'add-mount': ['take', 'host-proc'],
    'remove-mount': ['host-proc'],
    'rewrite-file': ['host-proc'],
    'await-daemon': ['file-store', 'file', 'file'],
    'exec-label': ['host-proc'],
    'place-root': ['take'],
  };
  return [
    ...Object.values(samples).map((step) => {
      return plan([...(needs[step.step] ?? []).map((name) => samples[name]), step]);
    }),
    // What is not held was marked as kept outside when the overlay could not be mounted.
    plan([samples.take, { ...samples['take-overlay'], lowers: [2 ** 20], layer: 0, folder: '' }]),
    plan(containerSteps({ ...container, tty: true, init: true }), {
      tty: true,
      cgroup2: '/sys/fs/cgroup/c1',
    }),
    plan(containerSteps({ ...container, pidOf: process, uid: 1000 }), { joinPid: process, openStdin: true }),
    encodeLaunch({ settings: settings(exec), steps: [samples.cwd, samples.exec] }),
  ];
}

/** The numbers and bytes in a row, as the targets read them: a number is one byte. */
function row(...parts: readonly (number | string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part as string))),
  );
}

const passwd = 'root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1001:Web,,,:/srv/web:/bin/false\n';
const group = 'root:x:0:\nweb:x:1001:\naudio:x:29: web,other\n#staff:x:50:web\n';
const memoryEvents = 'low 0\nhigh 0\nmax 12\noom 2\noom_kill 2\noom_group_kill 0\n';

/** EEXIST, as a kernel with extended acknowledgements tells it. */
const refusal = Buffer.concat([
  Buffer.from([60, 0, 0, 0, 2, 0, 0, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0xef, 0xff, 0xff, 0xff]),
  Buffer.alloc(16),
  Buffer.from([24, 0, 1, 0]),
  Buffer.from('Name is in use\0\0\0\0\0\0'),
]);

/** The beginning of an ELF file with an interpreter: 64 bits of header, one segment, the name. */
function elf(name: string): Buffer {
  const bytes = Buffer.alloc(64 + 56);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(1, 56);
  bytes.writeUInt32LE(3, 64);
  bytes.writeBigUInt64LE(BigInt(bytes.length), 64 + 8);
  bytes.writeBigUInt64LE(BigInt(name.length + 1), 64 + 32);
  return row(bytes, name, 0);
}

function sized(bytes: string | Uint8Array): Buffer {
  return row(bytes.length, bytes);
}

/** No answers; the environment, with HOME and PATH alone; the user; the arguments; /etc/subuid, and /etc/subgid with the same. */
function rootless(args: string, ranges: string): Buffer {
  const environment = ['/home/web', '-', '-', '-', '-', '/bin'].map(sized);
  return row(0, ...environment, ...['web', args, ranges].map(sized), ranges);
}

/** Without memory for its answer, a query sent half a frame. */
const halfFrame = row(
  sized(encodeLookUp(process, samples['look-up-user']).subarray(0, 28)),
  0xe0,
  0xff,
  0xff,
  0xff,
);
/** What was written after a failed write, to the next segment, came before the mark of the loss. */
const lateMark = row(2, sized(Buffer.from('0000000009ff0a5400', 'hex')), 0, 4, 0xff, '\n\nT');

/** Without memory for STARTED, the shim went on with DATA. */
const noStart = Buffer.from('+jKXmCcGBpgGCiEIMDU=', 'base64');

/** A record of a recipe (native/src/archive/recipe.h). */
function recipe(kind: string, count: number, name: string): Buffer {
  const record = Buffer.alloc(24);
  record.write(kind);
  record.writeUInt16LE(name.length, 2);
  record.writeBigUInt64LE(BigInt(count), 16);
  return Buffer.concat([record, Buffer.from(name)]);
}

/** Inputs from which a fuzzer starts: valid ones, and those that once found a fault. */
const questions = [
  question({ name: 'Web.net', edns: 1232 }),
  question({ name: 'web', type: types.AAAA }),
  question({ name: '2.0.9.10.in-addr.arpa', type: types.PTR }),
  question({ name: `2${'.0'.repeat(30)}.f.ip6.arpa`, type: types.ANY, edns: 4096, ednsVersion: 1 }),
  Buffer.from('123410000001000000000000', 'hex'),
];

/** With the id that the target has sent. */
function replies(): Buffer[] {
  const [, asked = Buffer.alloc(0)] = questions;
  const refusal = Buffer.from('303181050000000000000000', 'hex');
  const good = answerTo(asked, ['192.0.2.1', '192.0.2.2'], { id: 0x3031 });
  return [good, answerTo(asked, [], { id: 0x3031, truncated: true }), refusal].map((reply) =>
    row(1, asked.length, asked, reply),
  );
}

const network = 'a'.repeat(64);
const requests = [
  joinRequest(network, network, { names: ['web.net', 'web'], addresses: ['10.9.0.2', 'fd00::2'] }),
  joinRequest(network, network, { names: ['db'], addresses: ['10.9.0.3'] }),
  showRequest(network, { networks: [network], upstreams: ['192.0.2.53', 'fe80::1%2', '192.0.2.54#5353'] }),
  leaveRequest(network, network),
  removeRequest(network),
  upstreamsRequest(['127.0.0.53']),
  helloRequest(),
  policyRequest(network, {
    interfaces: ['veth1', 'abcdefghijklmno'],
    rules: [
      { name: 'example.org', wildcard: false, ports: [] },
      {
        name: 'web',
        wildcard: true,
        ports: [
          { protocol: 'any', first: 1, last: 64 },
          { protocol: 'tcp', first: 443, last: 443 },
        ],
      },
      { name: 'many', wildcard: false, ports: [{ protocol: 'udp', first: 0, last: 65_535 }] },
    ],
  }),
  policyRequest(network, null),
  tableMadeRequest(),
];

/** A segment of TCP, and a datagram of UDP behind options. */
const packets = [
  '4500003c1c464000400600000a090002cb00710ac00001bb',
  `6000000000180040${'fd'.repeat(16)}${'20'.repeat(16)}3c00000000000000110000000000000004d20035`,
].map((hex) => row(3, Buffer.from(hex, 'hex')));

/** Without the length that the stream has, after one of 16 bits. */
function framed(request: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(request.length - 4);
  return Buffer.concat([length, request.subarray(4)]);
}

export const seeds: Readonly<Record<string, () => readonly Buffer[]>> = {
  accounts: () => [passwd, group].map((text) => row(sized('web'), text)),
  connect: () => [
    row(0, encodeConnect(samples.connect)),
    // The kernel refuses the first request with words; the namespace cannot be entered.
    row(refusal.length + 8, Buffer.alloc(7), refusal.length, refusal, encodeConnect(samples.connect)),
    row(6, 0, 0, 0, 0xe1, 0, 0, encodeConnect(samples.connect)),
  ],
  interpreter: () => [row(0, elf('/lib64/ld-linux-x86-64.so.2')), row(0, '#! /usr/bin/env python3\n')],
  log: () => [lateMark, row(4, 0, 0, sized('one\ntwo\n'), 1, sized('three'))],
  names: () => [
    ...questions.map((bytes) => row(0, bytes)),
    ...replies(),
    row(2, ...requests.map(framed)),
    ...packets,
  ],
  plan: () => plans().map((bytes) => row(0, bytes)),
  procfs: () => [
    row(0, '7 (a) b) S 1 7 7 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 4321 1 1\n'),
    row(0, memoryEvents),
  ],
  query: () => [
    halfFrame,
    sized(encodeListing({ folder: '/sys/fs/cgroup/c1', pids: [7, 8] })),
    sized(encodeLookUp(process, samples['look-up-user'])),
  ],
  // Of a user with two ranges; of one whose entry is no number; what only asks; what is too long; the process that holds namespaces.
  rootless: () => [
    rootless('node\n--\nlikerd\n--run=/r', 'root:100000:65536\nweb:165536:65536\nweb:500000:1000\n'),
    rootless('node\n--\nlikerd', 'web:abc:65536\nweb:1:-1\nweb:4294967295:1\n1000:7:8'),
    rootless('node\n--\nlikerd\n--version', ''),
    row(0, 0xff, '/'.repeat(127), rootless('node', 'web:1:1').subarray(2)),
    rootless('--hold\n/run/lock', ''),
  ],
  // The child is about to execute; output; the sync socket ends; the child ends. The same with two clients, one of which only looks on.
  shim: () => [
    noStart,
    row(6, 12, 0, 3, 0, 10, 0, 40, 13, 0, 4, 0, 1, 0, 9, 14, 0, 1, 0),
    row(
      Buffer.from([
        6, 200, 0, 1, 3, 0, 12, 0, 3, 0, 13, 0, 10, 0, 40, 200, 0, 2, 0, 0, 202, 0, 0, 9, 206, 0, 0, 10, 0,
        250,
      ]),
      Buffer.from([205, 0, 200, 10, 0, 250, 15, 40, 10, 0, 250, 15, 40, 206, 0, 1, 207, 0, 1, 14, 0, 1, 0]),
    ),
  ],
  // Blocks of which some are contents, with headers between; a recipe of each kind of record; one that is cut off.
  recipe: () => [
    row(
      0,
      0,
      Buffer.from([0, 200, 3, 100, 2, 50, 0, 255, 6, 255, 6, 40, 3, 10, 10, 20, 0, 100, 3, 60, 14, 30]),
    ),
    row(1, 0, 'liker recipe 1\n', recipe('B', 5, ''), 'head:', recipe('C', 9, 'd/a'), recipe('E', 14, '')),
    row(1, 0, 'liker recipe 1\n', recipe('C', 9, 'd/a').subarray(0, 30)),
  ],
  unpack: () => [
    row(1, './usr/../../etc//.wh.passwd'),
    row(1, 'd/.wh..wh..opq'),
    row(1, '.wh...'),
    row(8, 'bytes 10\nbytes 4096\nend 9223372036854775807\n'),
  ],
  walk: () => [row(sized('/a/../b//c/./d'))],
};
