import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerSpecInput } from '../../proto/gen/types/liker/v1/ContainerSpec.ts';
import { parseCommandLine } from '../cli/parse.ts';
import { create } from '../commands/create.ts';
import { parseContainerSpec } from './container-spec.ts';

const size = { columns: 80, rows: 24, xPixels: 0, yPixels: 0 };

function spec(...argv: string[]): ContainerSpecInput {
  const { flags, operands } = parseCommandLine(create, argv);
  return parseContainerSpec(flags, operands, size);
}

const noDevices = {
  weightDevices: [],
  readBps: [],
  writeBps: [],
  readIops: [],
  writeIops: [],
  latencyUs: [],
};
const noMore = { hugetlb: [], io: noDevices, network: { priorities: {} }, cgroup: { settings: [] } };

test("without flags, limits and the engine's choices are unset", () => {
  const plain = spec('/r', 'true');
  assert.deepEqual(plain.resources, { cpu: {}, memory: {}, pids: null, ...noMore });
  assert.deepEqual(plain.namespaces, { pid: '', ipc: '', uts: '', cgroup: '', network: '', user: '' });
  for (const key of ['init', 'systemd', 'shmSizeBytes', 'stopTimeoutSeconds'] as const)
    assert.equal(plain[key], undefined);
  assert.equal(plain.process?.terminalSize, null);
  assert.equal(plain.onDisconnect, 'ON_DISCONNECT_UNSPECIFIED');
});

test('--cpus 0 means no limit, as in Docker, even beside a quota; so do an empty choice, file or policy, and times of 0', () => {
  assert.deepEqual(spec(...'--cpus 0.0 /r x'.split(' ')).resources?.cpu, {});
  const beside = spec(...'--cpus 2 --cpu-quota 0 --cpu-period 0 /r x'.split(' ')).resources?.cpu;
  assert.equal(beside?.quotaUs, 200_000);
  assert.throws(() => spec('--cpus', '', '/r'), /number of CPUs/);
  const flags =
    '--uts= --cgroupns= --limits= --on-disconnect= --restart= --log-driver= --runtime= --platform= --ip= --volume-driver= --cpu-count=0 --io-maxbandwidth=0 --health-cmd= --health-interval=0 --health-retries=0 --health-timeout=0s';
  assert.deepEqual(spec(...flags.split(' '), '/r', 'x'), spec('/r', 'x'));
  assert.throws(() => spec('--health-interval', '5s', '/r', 'x'), /without --health-cmd/);
});

test('flags of the process', () => {
  const { process } = spec(
    ...'-it -u app:staff -w /srv --group-add audio --group-add 7 --security-opt no-new-privileges'.split(' '),
    ...'--ulimit nofile=1024:2048 --ulimit core=-1 --privileged /r sh -c x'.split(' '),
  );
  assert.deepEqual(process, {
    args: ['sh', '-c', 'x'],
    env: [],
    cwd: '/srv',
    user: 'app:staff',
    additionalGroups: ['audio', '7'],
    tty: true,
    openStdin: true,
    terminalSize: size,
    noNewPrivileges: true,
    rlimits: [
      { name: 'nofile', soft: '1024', hard: '2048' },
      { name: 'core', soft: '-1', hard: '-1' },
    ],
    privileged: true,
    landlock: null,
  });
});

test('common limits', () => {
  const { resources } = spec(
    ...'-m 64m --memory-swap -1 --cpus 1.5 -c 512 --cpuset-cpus 0-1 --cpuset-mems 0 --pids-limit 50 /r x'.split(
      ' ',
    ),
  );
  assert.deepEqual(resources, {
    cpu: { shares: 512, quotaUs: 150_000, periodUs: 100_000, cpusetCpus: '0-1', cpusetMems: '0' },
    memory: { maxBytes: 67108864, memorySwapBytes: -1 },
    pids: { max: 50 },
    ...noMore,
  });
});

test('all other limits', () => {
  const { resources, process } = spec(
    ...'--cpu-burst 5000 --cpu-quota 50000 --cpu-idle --cpu-rt-runtime 1000 --cpu-rt-period 10000'.split(' '),
    ...'--cpuset-partition isolated --memory-reservation 1m --memory-low 2m --memory-min 3m'.split(' '),
    ...'--memory-high 4m --memory-swap-high 5m --memory-zswap-max -1 --memory-swappiness 0'.split(' '),
    ...'--oom-group --oom-kill-disable=false --oom-score-adj -7'.split(' '),
    ...'--hugetlb-limit 2MB=64m --hugetlb-reservation 2MB=32m --hugetlb-limit 1g=-1'.split(' '),
    ...'--blkio-weight 300 --blkio-weight-device /dev/vda:10 --device-read-bps 254:0:1mb'.split(' '),
    ...'--device-write-bps /dev/vda:512k --device-read-iops /dev/vda:1 --device-write-iops /dev/vda:2'.split(
      ' ',
    ),
    ...'--io-latency /dev/vda:1.5ms --net-cls-classid 10:1 --net-prio eth0=5'.split(' '),
    ...'--net-rate 10mbit --net-ceil 1.5gbit --net-priority 6'.split(' '),
    ...'--cgroup-max-descendants 3 --cgroup-max-depth -1 --cgroup-conf memory.high=a=b /r x'.split(' '),
  );
  const mib = 2 ** 20;
  const vda = (value: number) => [{ device: '/dev/vda', value }];
  assert.deepEqual(resources, {
    cpu: {
      quotaUs: 50_000,
      burstUs: 5000,
      idle: true,
      realtimeRuntimeUs: 1000,
      realtimePeriodUs: 10_000,
      cpusetPartition: 'isolated',
    },
    memory: {
      reservationBytes: mib,
      lowBytes: 2 * mib,
      minBytes: 3 * mib,
      highBytes: 4 * mib,
      swapHighBytes: 5 * mib,
      zswapMaxBytes: -1,
      swappiness: 0,
      oomGroup: true,
      oomKillDisable: false,
    },
    pids: null,
    hugetlb: [
      { pageSize: '2MB', maxBytes: 64 * mib, reservationBytes: 32 * mib },
      { pageSize: '1g', maxBytes: -1 },
    ],
    io: {
      weight: 300,
      weightDevices: vda(10),
      readBps: [{ device: '254:0', value: mib }],
      writeBps: vda(mib / 2),
      readIops: vda(1),
      writeIops: vda(2),
      latencyUs: vda(1500),
    },
    network: {
      classId: 0x100001,
      priorities: { eth0: 5 },
      rateBits: 10_000_000,
      ceilBits: 1_500_000_000,
      priority: 6,
    },
    cgroup: { maxDescendants: 3, maxDepth: -1, settings: [{ file: 'memory.high', value: 'a=b' }] },
  });
  assert.equal(process?.oomScoreAdj, -7);
});

test('flags of devices', () => {
  const { devices, deviceRules } = spec(
    ...['--device', '/dev/fuse', '--device', '/dev/fuse:r', '--device', '/dev/fuse:/dev/f:rw'],
    ...['--device-cgroup-rule', 'c 10:200 rwm', '--device-cgroup-rule', 'deny b *:0 r', '/r', 'x'],
  );
  assert.deepEqual(devices, [
    { hostPath: '/dev/fuse', containerPath: '', access: '' },
    { hostPath: '/dev/fuse', containerPath: '', access: 'r' },
    { hostPath: '/dev/fuse', containerPath: '/dev/f', access: 'rw' },
  ]);
  assert.deepEqual(deviceRules, [
    { deny: false, type: 'c', access: 'rwm', major: 10, minor: 200 },
    { deny: true, type: 'b', access: 'r', minor: 0 },
  ]);
});

test('all other flags', () => {
  const {
    process: _,
    resources: __,
    devices: ___,
    deviceRules: ____,
    ...rest
  } = spec(
    ...'--name n -h host --domainname dom --pid host --ipc container:a --uts host --cgroupns host --net none --userns keep-id'.split(
      ' ',
    ),
    ...'-v /a:/b --tmpfs /t --read-only --shm-size 1m --storage-opt size=1g --no-init --cap-add NET_ADMIN --cap-drop ALL'.split(
      ' ',
    ),
    ...'--sysctl net.ipv4.ip_forward=1 --add-host a:1.2.3.4 --add-host b=[::1] --dns 9.9.9.9 -l x=y'.split(
      ' ',
    ),
    ...'--dns-search example.org --dns-opt ndots:2 --log-opt max-size=10m --log-opt max-file=3'.split(' '),
    ...'--systemd always --stop-signal SIGINT --stop-timeout 3 --rm --timeout 60 --on-disconnect hangup'.split(
      ' ',
    ),
    ...'--security-opt seccomp=unconfined --cgroup-parent jobs/night --limits best-effort --log-driver none ~/r:rw x'.split(
      ' ',
    ),
  );
  assert.deepEqual(rest, {
    name: 'n',
    rootfs: { directory: `${process.env['HOME']}/r`, mode: 'MODE_READ_WRITE' },
    entrypoint: null,
    hostname: 'host',
    domainname: 'dom',
    namespaces: {
      pid: 'host',
      ipc: 'container:a',
      uts: 'host',
      cgroup: 'host',
      network: 'none',
      user: 'keep-id',
    },
    mounts: [
      {
        type: 'TYPE_BIND',
        source: '/a',
        target: '/b',
        readOnly: false,
        propagation: '',
        nonRecursive: false,
        createSource: true,
        overlay: false,
        idmap: '',
      },
      { type: 'TYPE_TMPFS', target: '/t', readOnly: false, options: [] },
    ],
    volumesFrom: [],
    secrets: [],
    readOnly: true,
    shmSizeBytes: 1048576,
    layerSizeBytes: 1073741824,
    init: false,
    systemd: true,
    capAdd: ['NET_ADMIN'],
    capDrop: ['ALL'],
    sysctls: { 'net.ipv4.ip_forward': '1' },
    egress: null,
    extraHosts: ['a:1.2.3.4', 'b:::1'],
    dns: ['9.9.9.9'],
    dnsSearch: ['example.org'],
    dnsOptions: ['ndots:2'],
    exposedPorts: [],
    networks: [],
    ports: [],
    publishAll: false,
    labels: { x: 'y' },
    stopSignal: 'SIGINT',
    stopTimeoutSeconds: 3,
    autoRemove: true,
    timeoutSeconds: 60,
    onDisconnect: 'ON_DISCONNECT_HANGUP',
    healthCheck: null,
    restart: { name: 'NAME_NO', maxRetries: 0 },
    seccompUnconfined: true,
    seccompProfile: '',
    apparmorProfile: '',
    selinuxLabel: [],
    maskPaths: [],
    unmaskPaths: [],
    procOptions: [],
    cgroupParent: 'jobs/night',
    limits: 'LIMITS_MODE_BEST_EFFORT',
    logDriver: 'LOG_DRIVER_NONE',
    logFileBytes: 10_485_760,
    logFiles: 3,
  });
});

test('flags of health checks', () => {
  const defaults = { intervalMs: 0, timeoutMs: 0, retries: 0, startPeriodMs: 0, startIntervalMs: 0 };
  const plain = { ...defaults, onFailure: 'ON_FAILURE_NONE' };
  for (const [command, probe] of [
    ['curl -f localhost', { shell: 'curl -f localhost' }],
    ['[ -f /ready ]', { shell: '[ -f /ready ]' }],
    ['["a"', { shell: '["a"' }],
    ['["test","-f","/r d"]', { args: ['test', '-f', '/r d'] }],
    ['["CMD","true"]', { args: ['true'] }],
    ['["CMD-SHELL","exit 1"]', { shell: 'exit 1' }],
  ] as const) {
    assert.deepEqual(spec('--health-cmd', command, '/r').healthCheck, { ...probe, ...plain }, command);
  }
  const all = spec(
    ...'--health-cmd true --health-interval 1m30s --health-timeout 500ms --health-retries 5'.split(' '),
    ...'--health-start-period 1h --health-start-interval 2s --health-on-failure stop /r'.split(' '),
  );
  assert.deepEqual(all.healthCheck, {
    shell: 'true',
    intervalMs: 90_000,
    timeoutMs: 500,
    retries: 5,
    startPeriodMs: 3_600_000,
    startIntervalMs: 2_000,
    onFailure: 'ON_FAILURE_STOP',
  });
  assert.equal(spec('--no-healthcheck', '/r').healthCheck, null);
  assert.equal(spec('--health-cmd', 'none', '/r').healthCheck, null);
});

test('an entrypoint takes the command as its arguments; without either the container runs a shell', () => {
  const { entrypoint, process } = spec('--entrypoint', 'ls', '/r', '-l');
  assert.deepEqual([entrypoint?.args, process?.args], [['ls'], ['-l']]);
  assert.deepEqual(spec('--entrypoint', 'ls', '/r').process?.args, []);
  assert.deepEqual(spec('/').process?.args, ['bash']);
  assert.deepEqual(spec('/nonexistent').process?.args, ['sh']);
});

test('anything but a path is an image, which has defaults of its own', () => {
  const plain = spec('debian:rw');
  assert.deepEqual(plain.rootfs, { image: 'debian:rw' });
  assert.deepEqual([plain.entrypoint, plain.process?.args, plain.healthCheck], [null, [], null]);
  assert.deepEqual(spec('--entrypoint', '', 'debian', 'ls').entrypoint, { args: [] });
  assert.deepEqual(spec('--entrypoint', '', '/r', 'ls').entrypoint, null);
  assert.deepEqual(spec('--no-healthcheck', 'debian').healthCheck, { none: true });
  assert.deepEqual(spec('--health-cmd', 'none', 'debian').healthCheck, { none: true });
  assert.equal(spec('--health-interval', '1s', 'debian').healthCheck?.intervalMs, 1000);
  assert.deepEqual(spec('--expose', '80', '--expose', '1-2/UDP', 'debian').exposedPorts, [
    '80/tcp',
    '1-2/udp',
  ]);
});

test('published ports and networks are in the spec; on the host network a port is its own', () => {
  const { networks, ports, publishAll } = spec(...'--network front -p 8080:80 -P debian'.split(' '));
  assert.deepEqual([networks?.length, networks?.[0]?.network, publishAll], [1, 'front', true]);
  assert.partialDeepStrictEqual(ports, [{ hostPort: 8080, containerPort: 80 }]);
  const host = spec(...'--network host -p 80:80 -p 53:53/udp --publish-all=false debian'.split(' '));
  assert.deepEqual([host.namespaces?.network, host.ports, host.networks], ['host', [], []]);
});

test('host-gateway is loopback on the host network, and for likerd to say in one of its own', () => {
  const hosts = (...argv: string[]) => spec(...argv, '--add-host', 'up=host-gateway', 'debian').extraHosts;
  assert.deepEqual(hosts('--network', 'host'), ['up:127.0.0.1']);
  assert.deepEqual(hosts(), ['up:host-gateway']);
  assert.deepEqual(hosts('--network', 'front'), ['up:host-gateway']);
});

for (const [argv, why] of [
  [
    ['--network', 'host', '-p', '8080:80', '/r'],
    /--publish '8080:80' with --network host: the program's ports/,
  ],
  [
    ['--network', 'host', '-p', '127.0.0.1:80:80', '/r'],
    /--publish '127\.0\.0\.1:80:80' with --network host/,
  ],
  [['--network', 'none', '-P', '/r'], /--publish-all with --network none: the container has no network/],
  [
    ['--network', 'container:a', '-p', '80:80', '/r'],
    /publish the port with the container that the network is of/,
  ],
  [['--network', 'none', '--add-host', 'a:host-gateway', '/r'], /'a:host-gateway' with --network none/],
  [['--restart', 'sometimes', '/r'], /use no, on-failure\[:N\], always or unless-stopped/],
  [['--pid', 'mine', '/r'], /use private, host or container:NAME/],
  [['--cpus', '1', '--cpu-quota', '5', '/r'], /both set the quota/],
  [['--stop-signal', 'SIGNOPE', '/r'], /SIGNOPE/],
  [['--ulimit', 'nofile', '/r'], /use NAME=SOFT/],
  [['--add-host', 'x', '/r'], /use HOST:IP/],
  [['--security-opt', 'apparmour=x', '/r'], /Invalid --security-opt 'apparmour=x': use seccomp=…/],
  [['-m', 'lots', '/r'], /lots/],
  [['--memory-high', '-5', '/r'], /-5.*such as 64m/],
  [['--cpu-shares', '-1', '/r'], /'-1': give a whole number, such as 512/],
  [['--cpu-shares', '99999999999999999999', '/r'], /such as 512/],
  [['--device-read-bps', '/dev/vda', '/r'], /use DEVICE:VALUE, such as \/dev\/vda:1mb/],
  [['--device-read-bps', '/dev/vda:-1', '/r'], /Invalid --device-read-bps '-1': give a number with b, k/],
  [['--hugetlb-limit', '2MB', '/r'], /use SIZE=BYTES, such as 2MB=64m/],
  [['--device', '/dev/a:b', '/r'], /use HOST\[:CONTAINER\[:rwm\]\]/],
  [['--device-cgroup-rule', 'c 1 r', '/r'], /use TYPE MAJOR:MINOR ACCESS, such as 'c 10:200 rwm'/],
  [['--cgroup-conf', 'memory.high', '/r'], /use FILE=VALUE, such as memory.high=64M/],
  [['--net-rate', '10', '/r'], /'10': give bits per second with kbit, mbit or gbit, such as 10mbit/],
  [['--net-priority', '-1', '/r'], /give a whole number, such as 6/],
  [['--cpu-weight', 'much', '/r'], /use a whole number, such as 10/],
  [['--network', 'ns:relative', '/r'], /ns:\/PATH/],
  [['--net-cls-classid', 'x', '/r'], /use MAJOR:MINOR as tc does, such as 10:1/],
  [['--stop-timeout', '-2', '/r'], /Invalid --stop-timeout '-2': give a number of seconds such as 10, or -1/],
  [['--timeout', '-1', '/r'], /Invalid --timeout '-1': give a number of seconds/],
  [['--health-interval', '1s', '/r'], /without --health-cmd: there is no probe/],
  [['--no-healthcheck', '--health-cmd', 'x', '/r'], /together with --health-cmd/],
  [['--health-cmd', 'x', '--health-timeout', '5', '/r'], /Invalid --health-timeout '5': give a duration/],
  [['--health-cmd', 'x', '--health-timeout', '10us', '/r'], /the minimum is 1ms/],
  [['--health-cmd', 'x', '--health-interval', '999h', '/r'], /the maximum is 24 days/],
  [['--health-cmd', 'x', '--health-retries', '-1', '/r'], /give a number such as 3/],
  [['--cpuset-partition', 'x', '/r'], /use member, root, isolated/],
] as const) {
  test(`${argv.join(' ')} is refused`, () => {
    assert.throws(() => spec(...argv), why);
  });
}
