import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LikerError } from '../../../../common/errors.ts';
import { maxSeccompProfileBytes } from '../../../../common/sizes.ts';
import { specOf } from '../../../test/fake-engine.ts';
import type { Landlock } from '../../process/spec.ts';
import type { ContainerSpec } from '../model/spec.ts';
import { checkSpec } from './check-spec.ts';
import { checkProcMount } from './security.ts';

function check(changes: Partial<ContainerSpec>): void {
  checkSpec({ ...specOf(), ...changes });
}

function refuses(changes: Partial<ContainerSpec>, field: string, pattern: RegExp): void {
  assert.throws(
    () => check(changes),
    (error) => {
      assert.ok(error instanceof LikerError && error.reason === 'BAD_ARGUMENT', String(error));
      assert.equal(error.field, field);
      assert.match(error.message, pattern);
      return true;
    },
  );
}

const allowAll = '{"defaultAction": "SCMP_ACT_ALLOW"}';

test('a seccomp profile is one, of limited size, and not beside seccomp=unconfined', () => {
  check({ seccompProfile: allowAll });
  check({ seccompProfile: allowAll + ' '.repeat(maxSeccompProfileBytes - allowAll.length) });
  const field = 'spec.seccomp_profile';
  refuses({ seccompProfile: '{}' }, field, /defaultAction: it is missing/);
  refuses({ seccompProfile: ' '.repeat(maxSeccompProfileBytes + 1) }, field, /at most 256 KiB/);
  refuses({ seccompProfile: allowAll, seccompUnconfined: true }, field, /seccomp_unconfined is set as well/);
});

test('labels', () => {
  check({ apparmorProfile: 'web site//child' });
  check({ selinuxLabel: ['user:staff_u', 'role:staff_r', 'type:web_t', 'level:s0-s0:c0.c1023'] });
  refuses({ apparmorProfile: 'a\nb' }, 'spec.apparmor_profile', /give the name of a profile/);
  const label = 'spec.selinux_label';
  refuses({ selinuxLabel: ['type:a', 'type:b'] }, `${label}[1]`, /'type' appears twice/);
  for (const part of ['disable', 'type:', 'type:a b', 'kind:x', 'filetype:x'])
    refuses({ selinuxLabel: [part] }, `${label}[0]`, /use type:TYPE/);
  refuses({ apparmorProfile: 'web', selinuxLabel: ['type:a'] }, label, /an AppArmor profile is set as well/);
});

test('paths to mask and to leave open are absolute and lead nowhere else', () => {
  check({ maskPaths: ['/etc/shadow'], unmaskPaths: ['ALL', '/proc/*'] });
  for (const path of ['etc', '/etc/../proc', '/etc/', '/', ''])
    for (const [name, changes] of [
      ['mask_paths', { maskPaths: [path] }],
      ['unmask_paths', { unmaskPaths: [path] }],
    ] as const)
      refuses(changes, `spec.${name}[0]`, /Invalid/);
  const shared = { type: 'bind', source: '/srv', target: '/srv', propagation: 'rshared' } as const;
  const { mounts } = specOf({ mounts: [shared, { ...shared, target: '/data', propagation: 'rslave' }] });
  check({ maskPaths: ['/srv2/a', '/data/a'], mounts });
  for (const path of ['/srv', '/srv/secret'])
    refuses({ maskPaths: [path], mounts }, 'spec.mask_paths[0]', /the mount at '\/srv' is shared/);
  refuses({ maskPaths: Array(257).fill('/a') }, 'spec.mask_paths', /more than 256 paths/);
});

test('options of /proc', () => {
  check({ procOptions: ['hidepid=invisible', 'gid=0', 'subset=pid'] });
  const field = 'spec.proc_options';
  for (const option of [
    'hidepid',
    'hidepid=3',
    'hidepid=2,gid=1',
    'gid=-1',
    'gid=4294967295',
    'subset=all',
    'rw=1',
    'nosuid',
  ])
    refuses({ procOptions: [option] }, `${field}[0]`, /use hidepid=0\|1\|2\|4\|off/);
  refuses({ procOptions: ['gid=1', 'gid=1'] }, `${field}[1]`, /'gid' appears twice/);
  const namespaces = { ...specOf().namespaces, pid: { kind: 'container', id: 'db' } } as const;
  refuses({ procOptions: ['hidepid=2'], namespaces }, field, /give the options there/);
});

test('options of the /proc of the host need its root', () => {
  const spec = specOf();
  const shared = {
    ...spec,
    procOptions: ['hidepid=2'],
    namespaces: { ...spec.namespaces, pid: { kind: 'host' } },
  } as const;
  checkProcMount(shared, true);
  checkProcMount({ ...shared, namespaces: spec.namespaces }, false);
  assert.throws(() => checkProcMount(shared, false), /the container has the \/proc of the host/);
});

test('limits by landlock', () => {
  const limits = { paths: [], connect: null, bind: null, bestEffort: false };
  const withLimits = (landlock: Partial<Landlock>): Partial<ContainerSpec> => ({
    process: { ...specOf().process, landlock: { ...limits, ...landlock } },
  });
  check(withLimits({ paths: [{ path: '/', writable: false }], connect: [], bind: [0, 65_535] }));
  const field = 'spec.process.landlock';
  refuses(withLimits({}), field, /it limits nothing/);
  refuses(withLimits({ paths: [{ path: 'usr', writable: true }] }), `${field}.paths[0]`, /absolute path/);
  refuses(withLimits({ connect: [0] }), `${field}.connect.ports[0]`, /from 1 to 65535/);
  refuses(withLimits({ bind: [65_536] }), `${field}.bind.ports[0]`, /from 0 to 65535/);
  refuses(withLimits({ bind: Array(1025).fill(80) }), `${field}.bind`, /more than 1024 ports/);
});
