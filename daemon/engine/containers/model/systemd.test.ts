import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AskedSpec } from './spec.ts';
import { withSystemdDefaults } from './systemd.ts';

const asked = (more: Partial<AskedSpec> = {}): AskedSpec => ({
  name: '',
  rootfs: { directory: '/r' },
  process: { args: ['/sbin/init'], env: ['A=b'] },
  ...more,
});

const targets = (spec: AskedSpec) => spec.mounts?.map(({ type, target }) => `${type} ${target}`);

test('systemd has file systems in memory, its variable and its signal', () => {
  const spec = withSystemdDefaults(asked());
  assert.deepEqual(targets(spec), ['tmpfs /run', 'tmpfs /run/lock', 'tmpfs /tmp']);
  assert.deepEqual(spec.process.env, ['A=b', 'container=liker']);
  assert.equal(spec.stopSignal, 37);
});

test('what is asked for goes first', () => {
  const mount = { type: 'volume', volume: 'v', target: '/tmp' } as const;
  const process = { args: ['/sbin/init'], env: ['container=mine'] };
  const spec = withSystemdDefaults(asked({ mounts: [mount], process, stopSignal: 15 }));
  assert.deepEqual(targets(spec), ['volume /tmp', 'tmpfs /run', 'tmpfs /run/lock']);
  assert.deepEqual(spec.process.env, ['container=mine']);
  assert.equal(spec.stopSignal, 15);
});

test('a volume that the image declares hides none of it', () => {
  const imageVolumes = ['/sys/fs/cgroup', '/run', '/tmp', '/data', '/run/data'];
  assert.deepEqual(withSystemdDefaults(asked({ imageVolumes })).imageVolumes, ['/data', '/run/data']);
});
