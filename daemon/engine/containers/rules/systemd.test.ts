import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withDefaults } from '../model/spec.ts';
import { systemdWarning } from './systemd.ts';

const spec = (systemd: boolean, cgroup: 'private' | 'host' = 'private') =>
  withDefaults({
    name: '',
    rootfs: { directory: '/r' },
    process: { args: ['/sbin/init'] },
    systemd,
    namespaces: { cgroup: { kind: cgroup } },
  });

test('where systemd cannot start there is a warning, with a way out', () => {
  for (const [layout, delegated] of [
    ['v2', ['v2']],
    ['hybrid', ['name=systemd', 'v2']],
    ['v1', ['name=systemd']],
  ] as const)
    assert.equal(systemdWarning(spec(true), layout, delegated), null, layout);
  for (const [layout, delegated, words] of [
    ['none', [], /none is delegated to likerd; start likerd in one/],
    ['v1', [], /mount -t cgroup -o none,name=systemd/],
    ['hybrid', ['v2'], /mount -t cgroup -o none,name=systemd/],
  ] as const) {
    assert.match(systemdWarning(spec(true), layout, delegated) ?? '', words, layout);
    assert.equal(systemdWarning(spec(false), layout, delegated), null, layout);
  }
  assert.match(systemdWarning(spec(true, 'host'), 'v2', []) ?? '', /leave the flag out/);
});
