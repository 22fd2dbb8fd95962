// Every field of a request that a flag sets: an error about the field names the flag.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Command } from '../cli/command.ts';
import type { Flag } from '../cli/flag.ts';
import { parseCommandLine } from '../cli/parse.ts';
import { exec } from '../commands/exec.ts';
import { run } from '../commands/run.ts';
import { update } from '../commands/update.ts';
import { inFlags } from '../connection/field-flags.ts';
import { parseContainerSpec } from './container-spec.ts';
import { parseProcess } from './process-spec.ts';
import { parseResources } from './resources.ts';

const size = { columns: 80, rows: 24, xPixels: 0, yPixels: 0 };

/** Flags that likerctl itself obeys, or that stand beside the specification in a request. */
const notOfSpec = [
  'attach',
  'cidfile',
  'detach',
  'detach-keys',
  'dry-run',
  'format',
  'no-healthcheck',
  'pidfile',
  'platform',
  'pull',
  'quiet',
  'replace',
  'sig-proxy',
];

const values: Readonly<Record<string, string>> = {
  egress: 'allow=example.org',
  'add-host': 'db:192.0.2.7',
  'blkio-weight-device': '/dev/vda:100',
  'cgroup-conf': 'memory.high=64M',
  cpus: '1.5',
  device: '/dev/fuse',
  'device-cgroup-rule': 'c 10:200 rwm',
  env: 'A=b',
  expose: '80',
  'health-cmd': 'true',
  'hugetlb-limit': '2MB=64m',
  'hugetlb-reservation': '2MB=64m',
  'io-latency': '/dev/vda:10ms',
  label: 'a=b',
  landlock: 'ro=/usr,connect=443',
  'log-driver': 'none',
  'log-opt': 'max-size=1m',
  mount: 'type=bind,source=/a,target=/b',
  'net-ceil': '20mbit',
  'net-cls-classid': '10:1',
  'net-prio': 'eth0=5',
  'net-rate': '10mbit',
  ip: '10.7.0.9',
  ip6: 'fd00:7::9',
  'mac-address': '02:42:ac:11:00:02',
  'on-disconnect': 'kill',
  publish: '8080:80',
  restart: 'on-failure:3',
  'security-opt': 'no-new-privileges',
  'stop-signal': 'INT',
  sysctl: 'net.core.somaxconn=1024',
  'storage-opt': 'size=1g',
  ulimit: 'nofile=1024',
  volume: '/a:/b',
};
const byPlaceholder: Readonly<Record<string, string>> = {
  BYTES: '64m',
  'DEVICE:N': '/dev/vda:100',
  'DEVICE:RATE': '/dev/vda:1mb',
  MODE: 'host',
  'PATH[:OPTIONS]': '/tmp',
  TIME: '7s',
};

const folder = mkdtempSync(join(tmpdir(), 'liker-flags-'));
test.after(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'lines');
writeFileSync(file, 'A=b\n');

function argumentsOf({ name, type, value = '', choices }: Flag): string[] {
  if (type === 'bool') return [`--${name}`];
  const text =
    values[name] ??
    choices?.at(-1) ??
    byPlaceholder[value] ??
    (name.endsWith('-file') ? file : undefined) ??
    (type === 'int' ? '7' : 'x');
  // A probe is what the other flags of health checks need.
  return [...(name.startsWith('health-') ? ['--health-cmd', 'true'] : []), `--${name}`, text];
}

/** Paths of the fields with their values, as the API spells them. */
function fieldsOf(value: unknown, path = ''): (readonly [string, unknown])[] {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  const at = (key: string): string =>
    Array.isArray(value)
      ? `${path}[${key}]`
      : `${path === '' ? '' : `${path}.`}${key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
  return Object.entries(value).flatMap(([key, inner]) => fieldsOf(inner, at(key)));
}

/** 0, an empty text and NONE stand for nothing in the messages that come with --health-cmd. */
function isSet(value: unknown): boolean {
  return Boolean(value) && value !== 'ON_FAILURE_NONE';
}

const requests: readonly (readonly [Command, string[], (argv: string[]) => object])[] = [
  [
    run,
    ['/r', 'x'],
    (argv) => {
      const { flags, operands } = parseCommandLine(run, argv);
      return { spec: parseContainerSpec(flags, operands, size) };
    },
  ],
  [
    exec,
    ['web', 'x'],
    (argv) => ({ process: parseProcess(parseCommandLine(exec, argv).flags, ['x'], size) }),
  ],
  [update, ['web'], (argv) => ({ resources: parseResources(parseCommandLine(update, argv).flags) })],
];

for (const [command, operands, request] of requests) {
  const plain = new Map(fieldsOf(request(operands)));
  for (const flag of command.flags.filter(({ name }) => !notOfSpec.includes(name))) {
    // Theirs stand beside the process and the limits, as run's do in its specification.
    if (command !== run && ['egress', 'on-disconnect', 'restart'].includes(flag.name)) continue;
    test(`an error about --${flag.name} of ${command.name} names the flag`, () => {
      const argv = argumentsOf(flag);
      const { flags } = parseCommandLine(command, [...argv, ...operands]);
      const changed = fieldsOf(request([...argv, ...operands])).filter(
        ([path, value]) => plain.get(path) !== value && isSet(value),
      );
      assert.ok(changed.length > 0, 'it sets no field');
      for (const [field] of changed) {
        const expected = argv.filter((word) => word.startsWith('--'));
        const [, named = ''] =
          /^Invalid (--\S+)/.exec(inFlags(`Invalid ${field} 1`, field, (name) => flags.list(name))) ?? [];
        assert.ok(expected.includes(named), `${field} is named '${named}'`);
      }
    });
  }
}

const anything = () => ['x'];

test('entries of lists and maps are named by the flag of the whole', () => {
  for (const [field, flag] of [
    ['spec.resources.io.read_bps[0].value', '--device-read-bps'],
    ["spec.sysctls['net.core.somaxconn']", '--sysctl'],
  ] as const)
    assert.equal(inFlags(`Invalid ${field} -1`, field, anything), `Invalid ${flag} -1`);
});

test('a field that several given flags set is named by all of them, and a field without a flag keeps its own name', () => {
  const given = (flag: string) => (['volume', 'tmpfs'].includes(flag) ? ['x'] : []);
  assert.equal(inFlags('Invalid spec.mounts', 'spec.mounts', given), 'Invalid --volume or --tmpfs');
  assert.equal(inFlags('Missing spec.rootfs', 'spec.rootfs', anything), 'Missing spec.rootfs');
  assert.equal(inFlags('Missing process.args', 'process.args', given), 'Missing process.args');
});

test('of several mounts, the flag of the one at fault is named, with its whole value', () => {
  const argv = ['--tmpfs', '/t', '--mount', 'type=bind,src=/m,dst=/m', '-v', '/a:/a', '-v', '/p:/p:idmap=1'];
  const { flags, operands } = parseCommandLine(run, [...argv, '/r', 'x']);
  const { mounts = [] } = parseContainerSpec(flags, operands, size);
  const named = mounts.map((_, index) => {
    const field = `spec.mounts[${index}].idmap`;
    return inFlags(`Invalid ${field} '1': use none`, field, (name) => flags.list(name));
  });
  assert.deepEqual(
    mounts.map(({ target }) => target),
    ['/a', '/p', '/m', '/t'],
  );
  assert.deepEqual(named, [
    "Invalid --volume '/a:/a': use none",
    "Invalid --volume '/p:/p:idmap=1': use none",
    "Invalid --mount 'type=bind,src=/m,dst=/m': use none",
    "Invalid --tmpfs '/t': use none",
  ]);
});

test('the end of the path as the first name in the text also names the field', () => {
  const field = 'spec.resources.pids.max';
  assert.equal(
    inFlags('Cannot set pids.max to 5: this kernel has no pids.max in /sys/fs/cgroup', field, anything),
    'Cannot set --pids-limit to 5: this kernel has no pids.max in /sys/fs/cgroup',
  );
  assert.equal(
    inFlags('Invalid cpu.burst_us 9: the maximum is the quota', 'spec.resources.cpu.burst_us', anything),
    'Invalid --cpu-burst 9: the maximum is the quota',
  );
});

test('the text names the key of a value after its flag', () => {
  for (const [name, flag] of [
    ['cgroup.settings.none.there', '--cgroup-conf none.there'],
    ['network.priorities.eth0', '--net-prio eth0'],
  ] as const)
    assert.equal(
      inFlags(`Cannot set ${name} to 1: it is missing`, `spec.resources.${name}`, anything),
      `Cannot set ${flag} to 1: it is missing`,
    );
});

test('text that merely contains the name of the field is not changed', () => {
  assert.equal(
    inFlags("Invalid name 'my-name' in hostname, /etc/name/x, name_2 and domain.name.", 'name', anything),
    "Invalid --name 'my-name' in hostname, /etc/name/x, name_2 and domain.name.",
  );
  assert.equal(
    inFlags("Invalid signal '0': give the name of a signal", 'signal', anything),
    "Invalid --signal '0': give the name of a signal",
  );
});
