import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  cloneFlag,
  foundId,
  type Launch,
  mountAttr,
  ms,
  notHeld,
  type Step,
  type StepName,
  type StepOf,
  steps as stepKinds,
} from '../../../kernel/plan/steps.ts';
import { specOf } from '../../../test/fake-engine.ts';
import { explainPlan, type PlannedStart } from './explain.ts';
import { stepGroups } from './step-words.ts';

const spec = specOf();
const seccomp = { program: new Uint8Array(16), flags: 2, rules: 3, defaultAction: 0x00050001 };
const settings = { cloneFlags: cloneFlag.mount | cloneFlag.pid, cgroup2: '', joinPid: null };
const exec: Step = { step: 'exec', args: ['true'], env: [] };

function explained(steps: readonly Step[], patch: Partial<PlannedStart> = {}, more = {}) {
  const launch = { settings: { ...settings, ...more }, steps } as unknown as Launch;
  const none = { paths: {}, given: [], writes: [] };
  return explainPlan({
    spec,
    launch,
    cgroups: none,
    rate: null,
    publishAddresses: ['127.0.0.1', '::1'],
    connectedBy: '',
    egress: null,
    seccomp,
    containers: new Map(),
    ...patch,
  });
}

const process = { pid: 7, startTime: '8' };
const tree = {
  recursive: true,
  attributes: 0,
  topOnly: false,
  propagation: ms.PRIVATE | ms.REC,
  map: notHeld,
};
const { RDONLY, NODEV, NOSUID, NOATIME } = mountAttr;

/** An example of each kind of step, and its words. */
const examples: { readonly [Name in StepName]: readonly [StepOf<Name>, string] } = {
  'join-namespace': [
    { step: 'join-namespace', flag: cloneFlag.ipc, ...process },
    'setns: the ipc namespace of container db (pid 7)',
  ],
  'join-cgroup': [{ step: 'join-cgroup', file: '/g/tasks' }, 'write 0 to /g/tasks'],
  unshare: [{ step: 'unshare', flags: cloneFlag.cgroup }, 'new cgroup namespace'],
  'oom-score': [
    { step: 'oom-score', value: -5 >>> 0 },
    'oom_score_adj = -5: how soon it is killed when memory is short',
  ],
  propagation: [
    { step: 'propagation', flags: ms.SLAVE | ms.REC },
    'all mounts become slaves: what is mounted here does not reach the host',
  ],
  'root-overlay': [
    {
      step: 'root-overlay',
      at: '/r',
      lowers: ['/l'],
      names: ['2', '1'],
      layer: '/c',
      volatile: true,
      userXattr: true,
    },
    'overlay on /r of 2, 1 in /l, /c (volatile,userxattr)',
  ],
  'root-bind': [
    { step: 'root-bind', at: '/r', source: '/s', readOnly: true, overlay: 'x', needs: ['/proc'], below: [] },
    '/s of the host on /r (ro), or, if a mount target is missing in it, an overlay',
  ],
  mount: [
    {
      step: 'mount',
      type: 'tmpfs',
      source: 'shm',
      target: '/dev/shm',
      attributes: NOSUID | NOATIME,
      create: 'directory',
      optional: true,
      options: [
        ['size', '1m'],
        ['noswap', null],
      ],
    },
    'tmpfs shm on /dev/shm (nosuid,noatime,size=1m,noswap), if the kernel has it',
  ],
  bind: [
    {
      step: 'bind',
      source: '/a',
      target: '/b',
      ...tree,
      attributes: RDONLY,
      topOnly: true,
      recursive: false,
      create: 'file',
      optional: false,
    },
    '/a of the host on /b (ro,this mount only,nonrecursive,rprivate)',
  ],
  directory: [{ step: 'directory', target: '/w', mode: 0o755 }, '/w, mode 0755'],
  symlink: [{ step: 'symlink', target: '/dev/fd', to: '/proc/self/fd' }, '/dev/fd -> /proc/self/fd'],
  device: [
    { step: 'device', target: '/dev/null', type: 'c', major: 1, minor: 3, mode: 0o666, uid: 0, gid: 6 },
    '/dev/null: c 1:3, mode 0666, uid 0, gid 6',
  ],
  terminal: [
    { step: 'terminal', console: true, uid: foundId, gid: 5 },
    "open the container's own /dev/pts/ptmx, hand it to the shim, and bind the other end on /dev/console, for uid as looked up, gid 5",
  ],
  hostname: [{ step: 'hostname', name: 'web' }, 'web'],
  domainname: [{ step: 'domainname', name: 'nis' }, 'nis'],
  loopback: [{ step: 'loopback' }, 'the interface lo goes up'],
  sysctl: [{ step: 'sysctl', path: 'net/ipv4/ip_forward', value: '1' }, '/proc/sys/net/ipv4/ip_forward = 1'],
  pivot: [{ step: 'pivot' }, 'pivot_root: it becomes /, and the root of the host is detached'],
  mask: [{ step: 'mask', target: '/proc/kcore' }, '/proc/kcore'],
  'read-only': [{ step: 'read-only', target: '/proc/sys' }, '/proc/sys'],
  'root-read-only': [{ step: 'root-read-only' }, '/ becomes read-only'],
  init: [{ step: 'init' }, 'fork: this process executes liker-init as pid 1, its child goes on'],
  stdio: [{ step: 'stdio' }, 'pipes of the shim as 0, 1 and 2'],
  rlimit: [
    { step: 'rlimit', resource: 7, soft: '1024', hard: String(2n ** 64n - 1n) },
    'nofile 1024, at most unlimited',
  ],
  umask: [{ step: 'umask', mask: 0o22 }, '0022'],
  cwd: [{ step: 'cwd', path: '/srv', create: true }, '/srv, made if missing; it must be below the root'],
  groups: [{ step: 'groups', gids: [5, 6] }, '5 6'],
  'no-new-privileges': [
    { step: 'no-new-privileges' },
    'no program gives it more rights: setuid bits and file capabilities are void',
  ],
  seccomp: [
    { step: 'seccomp', filter: new Uint8Array(16) },
    'a filter of 2 instructions from the built-in profile (3 rules; other calls: errno EPERM)',
  ],
  'seccomp-flags': [
    { step: 'seccomp-flags', filter: new Uint8Array(16), flags: 2 },
    'a filter of 2 instructions from the built-in profile (3 rules; other calls: errno EPERM); flags 2 of seccomp(2)',
  ],
  'host-proc': [{ step: 'host-proc' }, "open the host's /proc, for the label"],
  'exec-label': [
    { step: 'exec-label', attribute: 'apparmor/exec', value: 'exec web' },
    '/proc/thread-self/attr/apparmor/exec = exec web',
  ],
  'await-network': [{ step: 'await-network' }, 'wait until the network is connected'],
  'await-daemon': [
    { step: 'await-daemon', files: [1, 2] },
    'wait until likerd has called the plugins of CNI, which connect it',
  ],
  connect: [
    {
      step: 'connect',
      resolver: '/run/liker/resolver.sock',
      containerId: 'c1',
      sysctls: [['net/ipv6/conf/default/accept_ra', '0']],
      requests: ['veth lv1 and eth0', 'lo', 'lo'].map((words) => ({
        words,
        inside: true,
        link: '',
        intoNamespace: false,
        bytes: new Uint8Array(),
      })),
    },
    'wait until the shim has connected the network namespace; in it /proc/sys/net/ipv6/conf/default/accept_ra = 0; veth lv1 and eth0, lo; sockets at 127.0.0.11:53 for /run/liker/resolver.sock',
  ],
  landlock: [
    {
      step: 'landlock',
      files: 0xffffn,
      ports: 3n,
      allowedPaths: [
        ['/dev', 0xc00en],
        ['/usr', 0xdn],
        ['/data', 0xffffn],
      ],
      allowedPorts: [[443, 2n]],
    },
    'may read and write in /dev; may read /usr; may change /data; no other files; TCP connections only to 443; TCP sockets only on no port',
  ],
  bounding: [
    { step: 'bounding', set: 0b11n },
    'keep CAP_CHOWN CAP_DAC_OVERRIDE; drop for good CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_KILL CAP_SETGID CAP_SETUID CAP_SETPCAP CAP_LINUX_IMMUTABLE CAP_NET_BIND_SERVICE CAP_NET_BROADCAST CAP_NET_ADMIN CAP_NET_RAW CAP_IPC_LOCK CAP_IPC_OWNER CAP_SYS_MODULE CAP_SYS_RAWIO CAP_SYS_CHROOT CAP_SYS_PTRACE CAP_SYS_PACCT CAP_SYS_ADMIN CAP_SYS_BOOT CAP_SYS_NICE CAP_SYS_RESOURCE CAP_SYS_TIME CAP_SYS_TTY_CONFIG CAP_MKNOD CAP_LEASE CAP_AUDIT_WRITE CAP_AUDIT_CONTROL CAP_SETFCAP CAP_MAC_OVERRIDE CAP_MAC_ADMIN CAP_SYSLOG CAP_WAKE_ALARM CAP_BLOCK_SUSPEND CAP_AUDIT_READ CAP_PERFMON CAP_BPF CAP_CHECKPOINT_RESTORE',
  ],
  user: [{ step: 'user', uid: 5, gid: foundId }, 'uid 5, gid as looked up'],
  capabilities: [
    { step: 'capabilities', effective: 1n, permitted: 1n, inheritable: 0n, ambient: 0n },
    'effective, permitted: CAP_CHOWN; inheritable, ambient: none',
  ],
  exec: [
    { step: 'exec', args: ['sh', '-c', "echo 'hi'"], env: ['PATH=/bin'] },
    "sh -c 'echo '\\''hi'\\''' (environment: PATH=/bin)",
  ],
  'bind-of': [
    { step: 'bind-of', ...process, path: '/etc/hosts', attributes: RDONLY, optional: true },
    '/etc/hosts of container db (pid 7) on /etc/hosts (ro), if it is there',
  ],
  'join-path': [
    { step: 'join-path', flag: cloneFlag.network, path: '/run/netns/blue' },
    'setns: the network namespace of /run/netns/blue',
  ],
  cgroups: [
    {
      step: 'cgroups',
      target: '/sys/fs/cgroup',
      attributes: RDONLY,
      folders: [['pids', '/g/pids/x']],
      links: [],
      writable: [],
    },
    'its own control groups below /sys/fs/cgroup (ro): pids',
  ],
  'proc-of': [
    { step: 'proc-of', pid: 9, startTime: '1', attributes: NODEV },
    'proc of process 9 on /proc (nodev)',
  ],
  'look-up-user': [
    { step: 'look-up-user', user: 'app', group: null, moreGroups: ['audio'] },
    'in /etc/passwd and /etc/group of the new root: user app, group its own, and audio',
  ],
  'file-store': [
    { step: 'file-store', at: '/run/x', size: '99' },
    'tmpfs for the files that follow, on /run/x (size=99)',
  ],
  file: [
    { step: 'file', target: '/etc/hosts', content: 'é', attributes: RDONLY },
    'a file of its own on /etc/hosts (2 bytes,ro)',
  ],
  take: [
    { step: 'take', source: '/m', ...tree, map: 0, optional: true },
    'clone /m of the host (rprivate,idmapped), held, if it is there',
  ],
  'take-below': [
    { step: 'take-below', source: '/v/_data', path: 'a/b', ...tree, map: 0, optional: false },
    'clone a/b in /v/_data of the host, through no link (rprivate,idmapped), held',
  ],
  secret: [
    {
      step: 'secret',
      target: '/run/secrets/key',
      content: Buffer.from('hidden'),
      mode: 0o400,
      uid: 7,
      gid: 8,
    },
    'a secret on /run/secrets/key (ro), mode 0400, for uid 7, gid 8',
  ],
  hold: [{ step: 'hold' }, 'stays, until the files are not needed any more'],
  fill: [
    { step: 'fill', tree: 2, target: '/etc', again: false },
    'copy what the root has at /etc into /m of the host, if that is empty',
  ],
  'take-mount': [
    { step: 'take-mount', type: 'sysfs', source: 'sysfs', attributes: RDONLY, options: [], optional: true },
    'sysfs, held (ro), if the kernel has it',
  ],
  'take-of': [
    { step: 'take-of', ...process, path: '/dev/shm', attributes: NODEV, optional: true },
    'clone /dev/shm of container db (pid 7) (nodev), held, if it is there',
  ],
  'take-proc-of': [
    { step: 'take-proc-of', ...process, attributes: NODEV },
    'clone proc of container db (pid 7) (nodev), held',
  ],
  'place-device': [
    { step: 'place-device', name: '.liker.1', target: '/opt/sda' },
    '/dev/.liker.1 is moved to /opt/sda',
  ],
  attach: [
    {
      step: 'attach',
      trees: [
        [2, '/m'],
        [3, '/n'],
      ],
    },
    '/m of the host on /m, /n of the host on /n',
  ],
  'id-map': [
    {
      step: 'id-map',
      uids: [{ inside: 0, outside: 600_000, count: 65_536 }],
      gids: [{ inside: 0, outside: 600_000, count: 65_536 }],
    },
    'a user namespace with these maps, held: ids 0-65535 are 600000-665535 outside',
  ],
  'join-user': [{ step: 'join-user', ...process }, 'the user namespace of container db (pid 7), held'],
  'enter-user': [
    { step: 'enter-user', namespace: 0 },
    "the process is root in its user namespace from here on: here end all rights of the host's root",
  ],
  chdir: [{ step: 'chdir', path: '/run/root' }, 'to /run/root, which root inside could not reach'],
  'stream-owner': [
    { step: 'stream-owner', uid: 600_000, gid: 600_001 },
    'the pipes of the shim belong to uid 600000, gid 600001',
  ],
  'raise-limit': [
    { step: 'raise-limit', resource: 7, hard: '9' },
    'nofile: the hard limit becomes at least 9, while that is allowed',
  ],
  'take-overlay': [
    {
      step: 'take-overlay',
      at: '/run/root',
      lowers: [2],
      names: [],
      layer: 3,
      volatile: true,
      uid: 600_000,
      gid: 600_001,
      userXattr: true,
      attributes: RDONLY,
      below: 'srv/www',
      folder: '/m',
      needs: ['/proc', '/dev'],
    },
    'overlay of /m of the host, /n of the host, made as uid 600000, gid 600001, held (volatile,userxattr,ro), of which only srv/www; if /m has /proc /dev, that alone',
  ],
  'take-devices': [
    {
      step: 'take-devices',
      uid: 600_000,
      gid: 600_000,
      size: '64m',
      nodes: [
        { name: 'null', type: 'c', major: 1, minor: 3, mode: 0o666, uid: 600_000, gid: 600_000 },
        { name: 'sda', type: 'b', major: 8, minor: 0, mode: 0o660, uid: 600_000, gid: 600_006 },
      ],
    },
    'tmpfs for /dev of uid 600000, gid 600000, held (size=64m), with null: c 1:3, mode 0666; sda: b 8:0, mode 0660, uid 600000, gid 600006',
  ],
  place: [
    { step: 'place', tree: 1, target: '/dev', optional: true },
    'the tmpfs with devices on /dev, if it can be made',
  ],
  'enter-container': [
    { step: 'enter-container', ...process, user: true },
    'setns: the mount namespace and the user namespace of container db (pid 7)',
  ],
  'add-mount': [
    { step: 'add-mount', tree: 2, target: '/data', attributes: RDONLY, optional: true },
    '/m of the host on /data (ro), if nothing is mounted there and it is there',
  ],
  'remove-mount': [
    { step: 'remove-mount', target: '/data', lazy: true },
    'unmount /data, even if it is in use',
  ],
  'rewrite-file': [
    { step: 'rewrite-file', target: '/etc/resolv.conf', content: 'x' },
    'other content for /etc/resolv.conf, if likerd has placed it',
  ],
  'place-root': [{ step: 'place-root', tree: 4 }, 'the overlay on the current directory, as the new root'],
};

/** What other steps refer to: a user namespace (0), devices (1), two trees (2, 3) and the overlay (4). */
const before: readonly Step[] = [
  examples['id-map'][0],
  examples['take-devices'][0],
  examples.take[0],
  { ...examples.take[0], source: '/n' },
  examples['take-overlay'][0],
  examples['enter-user'][0],
];

test('every kind of step has words, which say all that the step does', () => {
  const containers = new Map([[7, 'db']]);
  for (const name of Object.keys(stepKinds) as StepName[]) {
    const [step, words] = examples[name];
    const last = name === 'exec' ? [step] : [step, examples.exec[0]];
    const { steps } = explained([...before, ...last], { containers });
    const found = steps.findLast((one) => one.name === name);
    assert.ok(found && stepGroups.includes(found.group), name);
    assert.equal(found.detail, words);
  }
});

test('the clone comes first, but with namespaces to join after a helper has joined them', () => {
  const lines = (steps: readonly Step[], more = {}) =>
    explained(steps, {}, more).steps.map(({ name, detail }) => `${name} ${detail}`);
  const join: Step = { step: 'join-path', flag: cloneFlag.network, path: '/n' };
  const cgroup: Step = { step: 'join-cgroup', file: '/g' };
  const pivot: Step = { step: 'pivot' };
  const order = (all: readonly string[]) => all.map((line) => line.split(' ')[0]);
  const born = { cgroup2: '/u' };
  const plain = lines([cgroup, pivot, exec], born);
  assert.equal(plain[0], 'clone a process in new namespaces (mount pid), born in /u');
  assert.deepEqual(order(plain), ['clone', 'join-cgroup', 'pivot', 'exec']);
  const helped = lines([cgroup, join, pivot, exec], born);
  assert.equal(helped[0], 'clone a helper');
  assert.deepEqual(order(helped), ['clone', 'join-cgroup', 'join-path', 'clone', 'pivot', 'exec']);
  assert.equal(helped[3], 'clone a process in new namespaces (mount pid), born in /u');
  const joined = lines([cgroup, pivot, exec], { ...born, joinPid: process });
  assert.deepEqual(order(joined), ['clone', 'join-cgroup', 'join-namespace', 'pivot', 'clone', 'exec']);
  assert.equal(joined[2], 'join-namespace setns: the pid namespace of process 7');
  const own = { ...born, cloneFlags: cloneFlag.mount | cloneFlag.user };
  const inner = lines([cgroup, ...before, pivot, exec], own);
  assert.deepEqual(order(inner).slice(0, 5), ['clone', 'join-cgroup', 'clone', 'id-map', 'take-devices']);
  assert.deepEqual(order(inner).slice(-3), ['enter-user', 'pivot', 'exec']);
  assert.equal(inner[0], 'clone a helper');
  assert.equal(inner[2], 'clone a process in new namespaces (mount user), born in /u, which waits');
  const entered = lines([cgroup, ...before, pivot, exec], born);
  const taken = ['id-map', 'take-devices', 'take', 'take', 'take-overlay', 'enter-user'];
  assert.deepEqual(order(entered), ['clone', 'join-cgroup', ...taken, 'clone', 'pivot', 'exec']);
  assert.deepEqual(order(lines([...before, pivot, exec], { joinPid: process })), [
    'clone',
    ...taken.slice(0, -1),
    'join-namespace',
    'enter-user',
    'unshare',
    'pivot',
    'clone',
    'exec',
  ]);
});

test('control groups come first: folders, then what is written, each file once', () => {
  const writes = [
    { knob: 'pids.max', file: '/g/x/pids.max', value: '9' },
    { knob: 'devices', file: '/d/x/devices.deny', value: 'a' },
    { knob: 'devices', file: '/d/x/devices.allow', value: 'c 1:3 rwm' },
    { knob: 'devices', file: '/d/x/devices.allow', value: 'c 1:5 rwm' },
  ];
  const { steps, cgroupWrites } = explained([exec], {
    cgroups: { paths: { v2: '/g/x', memory: '/m/x' }, given: ['/g/x/container'], writes },
  });
  assert.deepEqual(
    steps.slice(0, 7).map(({ group, name, detail }) => `${group} ${name} ${detail}`),
    [
      'cgroups make-cgroup mkdir /g/x',
      'cgroups make-cgroup mkdir /m/x',
      'cgroups make-cgroup mkdir /g/x/container, for root inside to divide',
      'cgroups limit /g/x/pids.max = 9',
      'cgroups devices /d/x/devices.deny = a',
      'cgroups devices /d/x/devices.allow = c 1:3 rwm, c 1:5 rwm',
      'namespaces clone a process in new namespaces (mount pid)',
    ],
  );
  assert.deepEqual(cgroupWrites, writes);
  const allow = ['c 1:3 rwm', 'c 1:5 rwm'].map((rule) => ({
    knob: 'devices',
    file: '/g/x',
    value: `eBPF: allow ${rule}`,
  }));
  assert.equal(
    explained([exec], { cgroups: { paths: {}, given: [], writes: allow } }).steps[0]?.detail,
    'eBPF program on /g/x: allow c 1:3 rwm, allow c 1:5 rwm',
  );
});

test('a limit on what is sent is set before the process is there', () => {
  const { steps } = explained([exec], { rate: { rateBits: 1_000_000, ceilBits: 2_000_000 } });
  assert.deepEqual(
    steps.map(({ name }) => name),
    ['rate', 'clone', 'exec'],
  );
  assert.equal(
    steps[0]?.detail,
    'tc: each interface of its network namespace sends 1000000 bits a second, at most 2000000 (htb)',
  );
});

test('a published port is held and led in before the process is there', () => {
  const published = specOf({
    ports: [
      { hostPort: 8080, containerPort: 80 },
      { hostAddress: '::', containerPort: 53, protocol: 'udp' },
    ],
  });
  const { steps } = explained([exec], { spec: published });
  assert.deepEqual(
    steps.slice(0, 2).map(({ name, detail }) => `${name} ${detail}`),
    [
      'publish nftables: 127.0.0.1:8080 and [::1]:8080 to 80/tcp; a socket keeps it from other programs',
      'publish nftables: [::], any free port to 53/udp; a socket keeps it from other programs',
    ],
  );
});

test('an egress policy is explained with what it allows', () => {
  const words = (egress: PlannedStart['egress']) =>
    explained([exec], { egress }).steps.flatMap(({ name, detail }) => (name === 'egress' ? [detail] : []));
  assert.deepEqual(words({ mode: 'all', rules: [] }), []);
  assert.deepEqual(words({ mode: 'none', rules: [] }), [
    "nftables: by the host's end of each interface leaves nothing; what comes in is answered",
  ]);
  assert.deepEqual(words({ mode: 'allow', rules: ['10.0.0.0/8', 'db:5432'] }), [
    "nftables: by the host's end of each interface leaves only what is for 10.0.0.0/8, db:5432; what comes in is answered",
  ]);
});

test('values of the environment are shown only where likerd chose them', () => {
  const given = specOf({ process: { args: ['true'], env: ['SECRET=hunter2', 'PATH=/opt/hunter2'] } });
  const env = ['PATH=/opt/hunter2', 'HOSTNAME=web', 'SECRET=hunter2'];
  const plan = explained([{ step: 'exec', args: ['true'], env }], { spec: given });
  assert.deepEqual(plan.environment, ['PATH', 'HOSTNAME=web', 'SECRET']);
  assert.ok(!JSON.stringify(plan).includes('hunter2'));
});

test('a summary for programs has capabilities, limits and kernel parameters', () => {
  const names = ['bounding', 'rlimit', 'sysctl'] as const;
  const plan = explained([...names.map((name) => examples[name][0]), exec]);
  assert.deepEqual(plan.capabilities.kept, ['CAP_CHOWN', 'CAP_DAC_OVERRIDE']);
  assert.equal(plan.capabilities.dropped.length, 39);
  assert.deepEqual(plan.rlimits, [{ name: 'nofile', soft: '1024', hard: String(2n ** 64n - 1n) }]);
  assert.deepEqual(plan.seccomp, {
    profile: 'builtin',
    rules: 3,
    defaultAction: 'errno EPERM',
    instructions: 2,
    flags: 2,
  });
  const given = specOf({ seccompProfile: '{}' });
  assert.equal(explained([exec], { spec: given }).seccomp?.profile, 'custom');
  assert.equal(explained([exec], { seccomp: null }).seccomp, null);
  assert.deepEqual(plan.sysctls, { 'net.ipv4.ip_forward': '1' });
});

test('owners of files are mapped by other maps than those of the container', () => {
  const map = { inside: 0, outside: 1000, count: 1 };
  const other: Step = { step: 'id-map', uids: [map], gids: [{ ...map, outside: 100 }] };
  const { step: _, ...how } = examples.bind[0];
  const { steps } = explained([other, { step: 'bind', ...how, map: 0 }, exec]);
  assert.match(
    steps.find(({ name }) => name === 'bind')?.detail ?? '',
    /,idmapped: uids 0 is 1000 outside; gids 0 is 100 outside\)$/,
  );
});

test('root alone keeps capabilities where the user is looked up', () => {
  const capabilities = examples.capabilities[0];
  const detail = (user: string) => {
    const lookUp: Step = { step: 'look-up-user', user, group: null, moreGroups: [] };
    return explained([lookUp, capabilities, exec]).steps.find(({ name }) => name === 'capabilities')?.detail;
  };
  assert.match(detail('app') ?? '', /for another user than root: none/);
  for (const root of ['', '0', 'root']) assert.doesNotMatch(detail(root) ?? '', /another user/);
});
