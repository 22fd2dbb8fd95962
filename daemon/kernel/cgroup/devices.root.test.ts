import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ended, isError, startIn } from '../../test/cgroups.ts';
import { Cgroups } from './cgroups.ts';
import type { DeviceRule } from './device-rules.ts';
import { parseHierarchies } from './mounts.ts';
import { limitsOf } from './resources.ts';

const mountinfo = readFileSync('/proc/self/mountinfo', 'latin1');
const mounted = parseHierarchies(mountinfo);

const script =
  'cat /dev/kmsg >/dev/null && exit 1; mknod $0 b 8 0 && cat $0 && exit 2; : </dev/zero && : >/dev/null && exit 42';

/** /dev/null works, the kernel's log does not, a node of a disk can be made but not read. */
async function devicesAreRestricted(cgroups: Cgroups): Promise<void> {
  const cgroup = await cgroups.create('devices', limitsOf({}), { allDevices: false });
  const node = join(tmpdir(), `liker-node-${process.pid}`);
  try {
    const child = await startIn(cgroup, script.replaceAll('$0', node));
    await ended(child);
    assert.equal(child.exitCode, 42);
    assert.ok(existsSync(node));
  } finally {
    rmSync(node, { force: true });
    await cgroup.kill();
    await cgroup.remove();
  }
}

const memory = { type: 'c', major: 1 } as const;
const noMemory: DeviceRule = { allow: false, ...memory, minor: null, access: 'rwm' };

/** A rule that is wider than those it takes back holds, and one that is allowed after it. */
async function wideDenialHolds(cgroups: Cgroups): Promise<void> {
  const deviceRules: DeviceRule[] = [noMemory, { allow: true, ...memory, minor: 5, access: 'r' }];
  const cgroup = await cgroups.create('denied', limitsOf({}), { allDevices: false, deviceRules });
  try {
    // Not of the shell itself, whose background jobs read from /dev/null.
    const child = await startIn(cgroup, ': </dev/zero || exit 1; (: </dev/null) 2>&- && exit 2; exit 42');
    await ended(child);
    assert.equal(child.exitCode, 42);
  } finally {
    await cgroup.kill();
    await cgroup.remove();
  }
}

const v1Devices = mounted.find(({ controllers }) => controllers.includes('devices'));
const withoutV1Devices = mountinfo
  .split('\n')
  .filter((line) => v1Devices === undefined || !line.includes(` ${v1Devices.mountPoint} `))
  .join('\n');
const noV2 = mounted.every(({ version }) => version === 1) && 'no cgroup2 mount';

test('devices are restricted by eBPF on v2', { skip: noV2 }, async () => {
  const cgroups = Cgroups.open({ parent: `liker-test-${process.pid}-bpf`, mountinfo: withoutV1Devices });
  try {
    assert.equal(cgroups.controllers().find(({ name }) => name === 'devices')?.version, 2);
    await devicesAreRestricted(cgroups);
    await wideDenialHolds(cgroups);
  } finally {
    cgroups.close();
  }
});

test('devices are restricted by the method of this machine', async () => {
  const cgroups = Cgroups.open({ parent: `liker-test-${process.pid}-devices` });
  try {
    await devicesAreRestricted(cgroups);
    await wideDenialHolds(cgroups);
  } finally {
    cgroups.close();
  }
});

test('v1 refuses to deny one device among many that are allowed, instead of ignoring it', {
  skip: v1Devices === undefined && 'no v1 controller devices',
}, async () => {
  const cgroups = Cgroups.open({ parent: `liker-test-${process.pid}-holes` });
  const deviceRules: DeviceRule[] = [
    { allow: true, ...memory, minor: null, access: 'r' },
    { allow: false, ...memory, minor: 11, access: 'rw' },
  ];
  try {
    await assert.rejects(
      cgroups.create('c', limitsOf({}), { allDevices: false, deviceRules }),
      isError('LIMIT_REFUSED', /'c 1:11 rw'.*cgroup v1, .*devices\.allow.*'c 1:\* r'/),
    );
    assert.deepEqual(cgroups.list(), []);
  } finally {
    cgroups.close();
  }
});

test('the preview of v1 has the rules that the kernel then lists', {
  skip: v1Devices === undefined && 'no v1 controller devices',
}, async () => {
  const cgroups = Cgroups.open({ parent: `liker-test-${process.pid}-preview` });
  const deviceRules: DeviceRule[] = [{ allow: true, ...memory, minor: 11, access: 'r' }];
  const options = { allDevices: false, deviceRules };
  try {
    const writes = cgroups.preview('c', limitsOf({}), options).filter(({ knob }) => knob === 'devices');
    const cgroup = await cgroups.create('c', limitsOf({}), options);
    try {
      const [deny, ...allow] = writes;
      assert.match(deny?.file ?? '', /devices\.deny$/);
      const list = readFileSync((deny?.file ?? '').replace(/deny$/, 'list'), 'latin1');
      assert.deepEqual(allow.map(({ value }) => value).sort(), list.trim().split('\n').sort());
    } finally {
      await cgroup.remove();
    }
  } finally {
    cgroups.close();
  }
});
