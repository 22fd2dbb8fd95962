import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inFlags } from '../client/connection/field-flags.ts';
import { limitField } from '../daemon/api/grpc/errors.ts';
import { allKnobs } from '../daemon/kernel/cgroup/table.ts';

test('the error for a limit that cannot be set names its flag', () => {
  const unnamed = allKnobs()
    .map(({ name }) => inFlags(`Cannot set ${name} to 1: no`, limitField(name), () => ['x']))
    .filter((text) => !/^Cannot set --\S+( or --\S+)?( INTERFACE)? to 1: no$/.test(text));
  assert.deepEqual(unnamed, []);
});
