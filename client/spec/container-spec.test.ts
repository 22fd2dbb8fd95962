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

test('nothing asked for leaves the limits and the choices of the engine unset', () => {
  const plain = spec('/r', 'true');
  assert.deepEqual(plain.resources, { cpu: {}, memory: {}, pids: null });
  assert.deepEqual(plain.namespaces, { pid: '', ipc: '', uts: '', cgroup: '', network: '' });
  for (const key of ['init', 'shmSizeBytes', 'stopTimeoutSeconds'] as const)
    assert.equal(plain[key], undefined);
  assert.equal(plain.process?.terminalSize, null);
  assert.equal(plain.onDisconnect, 'ON_DISCONNECT_UNSPECIFIED');
});

test('the process', () => {
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
      { name: 'core', soft: '18446744073709551615', hard: '18446744073709551615' },
    ],
    privileged: true,
  });
});

test('limits', () => {
  const { resources } = spec(
    ...'-m 64m --memory-swap -1 --cpus 1.5 -c 512 --cpuset-cpus 0-1 --cpuset-mems 0 --pids-limit 50 /r x'.split(
      ' ',
    ),
  );
  assert.deepEqual(resources, {
    cpu: { shares: 512, quotaUs: 150_000, periodUs: 100_000, cpusetCpus: '0-1', cpusetMems: '0' },
    memory: { maxBytes: 67108864, memorySwapBytes: -1 },
    pids: { max: 50 },
  });
});

test('the rest', () => {
  const {
    process: _,
    resources: __,
    ...rest
  } = spec(
    ...'--name n -h host --domainname dom --pid host --ipc container:a --uts host --cgroupns host --net none'.split(
      ' ',
    ),
    ...'-v /a:/b --tmpfs /t --read-only --shm-size 1m --no-init --cap-add NET_ADMIN --cap-drop ALL'.split(
      ' ',
    ),
    ...'--sysctl net.ipv4.ip_forward=1 --add-host a:1.2.3.4 --add-host b=[::1] --dns 9.9.9.9 -l x=y'.split(
      ' ',
    ),
    ...'--stop-signal SIGINT --stop-timeout 3 --rm --timeout 60 --on-disconnect hangup'.split(' '),
    ...'--security-opt seccomp=unconfined ~/r:rw x'.split(' '),
  );
  assert.deepEqual(rest, {
    name: 'n',
    rootfs: { directory: `${process.env['HOME']}/r`, mode: 'MODE_READ_WRITE' },
    hostname: 'host',
    domainname: 'dom',
    namespaces: { pid: 'host', ipc: 'container:a', uts: 'host', cgroup: 'host', network: 'none' },
    mounts: [
      {
        type: 'TYPE_BIND',
        source: '/a',
        target: '/b',
        readOnly: false,
        propagation: '',
        nonRecursive: false,
        createSource: true,
      },
      { type: 'TYPE_TMPFS', target: '/t', readOnly: false, options: [] },
    ],
    readOnly: true,
    shmSizeBytes: 1048576,
    init: false,
    capAdd: ['NET_ADMIN'],
    capDrop: ['ALL'],
    sysctls: { 'net.ipv4.ip_forward': '1' },
    extraHosts: ['a:1.2.3.4', 'b:::1'],
    dns: ['9.9.9.9'],
    labels: { x: 'y' },
    stopSignal: 'SIGINT',
    stopTimeoutSeconds: 3,
    autoRemove: true,
    timeoutSeconds: 60,
    onDisconnect: 'ON_DISCONNECT_HANGUP',
    restart: { name: 'NAME_NO', maxRetries: 0 },
    seccompUnconfined: true,
  });
});

test('an entrypoint takes the command as its arguments; without a command there is a shell', () => {
  assert.deepEqual(spec('--entrypoint', 'ls', '/r', '-l').process?.args, ['ls', '-l']);
  assert.deepEqual(spec('/').process?.args, ['bash']);
  assert.deepEqual(spec('/nonexistent').process?.args, ['sh']);
});

for (const [argv, why] of [
  [['alpine'], /images are not supported yet; for a directory write \.\/alpine/],
  [['--network', 'bridge', '/r'], /networks are not supported yet/],
  [['--restart', 'sometimes', '/r'], /use no, on-failure\[:N\], always or unless-stopped/],
  [['--pid', 'mine', '/r'], /use private, host or container:NAME/],
  [['--cpus', '1', '--cpu-quota', '5', '/r'], /they say the same/],
  [['--stop-signal', 'SIGNOPE', '/r'], /SIGNOPE/],
  [['--ulimit', 'nofile', '/r'], /use NAME=SOFT/],
  [['--add-host', 'x', '/r'], /use HOST:IP/],
  [['--security-opt', 'apparmor=x', '/r'], /supported are seccomp=unconfined and no-new-privileges/],
  [['-m', 'lots', '/r'], /lots/],
] as const) {
  test(`${argv.join(' ')} is refused`, () => {
    assert.throws(() => spec(...argv), why);
  });
}
