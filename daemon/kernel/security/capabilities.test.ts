import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { LikerError } from '../../../common/errors.ts';
import {
  allCapabilities,
  capability,
  capabilityNames,
  containerCapabilities,
  daemonCapabilities,
  defaultCapabilities,
  parseCapabilities,
} from './capabilities.ts';

const all = (1n << 41n) - 1n;
const none = { add: [], drop: [], privileged: false };

test("the default is Docker's: 0xa80425fb", () => {
  assert.equal(containerCapabilities(none, all), 0xa80425fbn);
  assert.equal(defaultCapabilities, 0xa80425fbn);
});

test('there are 41 names, and the last one is the last bit that this kernel knows', () => {
  assert.equal(allCapabilities.length, 41);
  assert.equal(Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'latin1')), 40);
});

test('names are accepted with and without CAP_, in any case', () => {
  for (const name of ['NET_ADMIN', 'net_admin', 'CAP_NET_ADMIN', 'Cap_Net_Admin']) {
    const set = containerCapabilities({ ...none, add: [name], drop: ['all'] }, all);
    assert.deepEqual(capabilityNames(set), ['CAP_NET_ADMIN']);
  }
});

test('drop removes one, ALL all, and add ALL adds all that the daemon has', () => {
  const without = containerCapabilities({ ...none, drop: ['NET_RAW'] }, all);
  assert.equal(without, defaultCapabilities & ~capability('NET_RAW'));
  assert.equal(containerCapabilities({ ...none, drop: ['ALL'] }, all), 0n);
  const held = all & ~capability('SYS_RESOURCE');
  assert.equal(containerCapabilities({ ...none, add: ['ALL'] }, held), held);
  assert.equal(
    containerCapabilities({ ...none, add: ['ALL'], drop: ['KILL'] }, held),
    held & ~capability('KILL'),
  );
});

test('a privileged container is limited to what the daemon has', () => {
  const held = all & ~capability('SYS_RESOURCE');
  assert.equal(containerCapabilities({ ...none, privileged: true }, held), held);
});

test('an unknown capability is an error that names it', () => {
  assert.throws(
    () => containerCapabilities({ ...none, add: ['NET_ADMON'] }, all),
    (error) =>
      error instanceof LikerError && error.reason === 'BAD_ARGUMENT' && error.message.includes("'NET_ADMON'"),
  );
});

test('a capability that the daemon lacks is an error that names it', () => {
  assert.throws(
    () => containerCapabilities({ ...none, add: ['SYS_RESOURCE'] }, all & ~capability('SYS_RESOURCE')),
    (error) =>
      error instanceof LikerError &&
      error.reason === 'NOT_PERMITTED' &&
      error.message.includes('CAP_SYS_RESOURCE'),
  );
});

test("the daemon's own set is what is both bounding and effective", () => {
  assert.equal(parseCapabilities('CapEff:\t00000000000000ff\nCapBnd:\t000001fffeffff0f\n'), 0x0fn);
  assert.ok(daemonCapabilities() <= all);
});
