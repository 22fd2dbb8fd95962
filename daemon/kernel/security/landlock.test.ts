import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasReason } from '../../../common/errors.ts';
import { type LandlockRequest, landlockRules } from './landlock.ts';

const request: LandlockRequest = { paths: [], connect: null, bind: null, bestEffort: false };
const paths = [
  { path: '/usr', writable: false },
  { path: '/data', writable: true },
];

test('what is limited is all that the kernel can limit, and what is not asked for is not', () => {
  assert.deepEqual(landlockRules({ ...request, paths }, 7), {
    files: 0xffffn,
    ports: 0n,
    allowedPaths: [
      ['/dev', 0xc00en],
      ['/usr', 0xdn],
      ['/data', 0xffffn],
    ],
    allowedPorts: [],
  });
  assert.deepEqual(landlockRules({ ...request, connect: [443, 80], bind: [] }, 4), {
    files: 0n,
    ports: 3n,
    allowedPaths: [],
    allowedPorts: [
      [443, 2n],
      [80, 2n],
    ],
  });
  assert.equal(landlockRules({ ...request, bind: [8080] }, 4)?.ports, 1n);
});

test('accesses that the kernel does not know are left out: ioctl before version 5', () => {
  const rules = landlockRules({ ...request, paths }, 3);
  assert.equal(rules?.files, 0x7fffn);
  assert.deepEqual(rules?.allowedPaths, [
    ['/dev', 0x400en],
    ['/usr', 0xdn],
    ['/data', 0x7fffn],
  ]);
});

test('what the kernel cannot limit is refused, or left out if that was asked for', () => {
  for (const [version, asked, why] of [
    [0, { paths }, /Cannot limit files by landlock on this kernel: it has no Landlock/],
    [2, { paths }, /its Landlock has version 2, and version 3 of Linux 6\.2 is needed/],
    [3, { connect: [443] }, /Cannot limit TCP ports by landlock .* version 4 of Linux 6\.7 is needed/],
    [3, { paths, bind: [] }, /Cannot limit TCP ports/],
  ] as const)
    assert.throws(
      () => landlockRules({ ...request, ...asked }, version),
      (error) => hasReason(error, 'SECURITY_MISSING') && why.test(error.message),
    );
  const best = { ...request, paths, connect: [443], bestEffort: true };
  assert.equal(landlockRules(best, 0), null);
  assert.deepEqual(landlockRules(best, 1)?.files, 0x1fffn);
  assert.deepEqual([landlockRules(best, 2)?.files, landlockRules(best, 2)?.ports], [0x3fffn, 0n]);
  assert.deepEqual([landlockRules(best, 4)?.files, landlockRules(best, 4)?.ports], [0x7fffn, 2n]);
});
