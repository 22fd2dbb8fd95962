import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerFlags } from '../request/flags.ts';
import { fieldFlags, inFlags } from './field-flags.ts';

test('an error about a field says the flag that the user gave', () => {
  assert.equal(inFlags('Invalid spec.name 9', 'spec.name'), 'Invalid --name 9');
  // Of update.
  assert.equal(
    inFlags('Invalid resources.cpu.shares 1: at least 2', 'resources.cpu.shares'),
    'Invalid --cpu-shares 1: at least 2',
  );
  const item = 'spec.resources.io.read_bps[0].value';
  assert.equal(inFlags(`Invalid ${item} -1`, item), 'Invalid --device-read-bps -1');
  assert.equal(inFlags('Missing spec.rootfs', 'spec.rootfs'), 'Missing spec.rootfs');
});

test('what only contains the name of the field stays as it is', () => {
  assert.equal(
    inFlags("Invalid name 'my-name' in hostname, /etc/name/x, name_2 and domain.name.", 'name'),
    "Invalid --name 'my-name' in hostname, /etc/name/x, name_2 and domain.name.",
  );
});

test('every such flag is one of run', () => {
  const names = new Set(containerFlags.map(({ name }) => name));
  assert.deepEqual(
    Object.values(fieldFlags).filter((name) => !names.has(name)),
    [],
  );
});
