import assert from 'node:assert/strict';
import { test } from 'node:test';
import { specOf } from '../../../test/fake-engine.ts';
import { hiddenPaths } from './hidden-paths.ts';
import type { ContainerSpec } from './spec.ts';

const defaults = {
  masked: ['/proc/kcore', '/proc/keys', '/sys/firmware'],
  readOnly: ['/proc/bus', '/proc/sys'],
};

function hidden(changes: Partial<ContainerSpec>) {
  return hiddenPaths({ ...specOf(), ...changes }, defaults);
}

test('the default paths, and those that the spec adds', () => {
  assert.deepEqual(hidden({}), defaults);
  assert.deepEqual(hidden({ maskPaths: ['/etc/shadow', '/proc/keys'] }), {
    ...defaults,
    masked: [...defaults.masked, '/etc/shadow'],
  });
});

test('paths are left open by name, by pattern, or all', () => {
  assert.deepEqual(hidden({ unmaskPaths: ['/proc/keys', '/proc/sys'] }), {
    masked: ['/proc/kcore', '/sys/firmware'],
    readOnly: ['/proc/bus'],
  });
  assert.deepEqual(hidden({ unmaskPaths: ['/proc/k*'] }).masked, ['/sys/firmware']);
  assert.deepEqual(hidden({ unmaskPaths: ['/proc/key?', '/*'] }).masked, ['/proc/kcore', '/sys/firmware']);
  assert.deepEqual(hidden({ unmaskPaths: ['/proc'] }), defaults, 'what is below a path is not the path');
  const none = { masked: [], readOnly: [] };
  assert.deepEqual(hidden({ unmaskPaths: ['ALL'] }), none);
  const open = { ...specOf().process, privileged: true };
  assert.deepEqual(hidden({ process: open }), none);
  assert.deepEqual(
    hidden({ process: open, maskPaths: ['/x'] }).masked,
    ['/x'],
    'what is asked for is hidden',
  );
});
