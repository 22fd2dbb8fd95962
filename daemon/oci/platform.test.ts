import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasReason } from '../../common/errors.ts';
import { formatPlatform, isSamePlatform, ownPlatform, parsePlatform } from './platform.ts';

test('a platform has one form, however it is written', () => {
  const table: [string, string][] = [
    ['linux/amd64', 'linux/amd64'],
    ['amd64', 'linux/amd64'],
    ['linux/x86_64', 'linux/amd64'],
    ['linux/amd64/v1', 'linux/amd64'],
    ['linux/amd64/v3', 'linux/amd64/v3'],
    ['Linux/AArch64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm', 'linux/arm'],
    ['linux/arm/v7', 'linux/arm'],
    ['armhf', 'linux/arm'],
    ['linux/armel', 'linux/arm/v6'],
    ['linux/riscv64', 'linux/riscv64'],
    ['windows/amd64', 'windows/amd64'],
    ['linux/constructor', 'linux/constructor'],
  ];
  for (const [text, form] of table) assert.equal(formatPlatform(parsePlatform(text, 'platform')), form, text);
  assert.deepEqual(parsePlatform('', 'platform'), ownPlatform());
  assert.ok(['linux/amd64', 'linux/arm64'].includes(formatPlatform(ownPlatform())));
  for (const text of ['linux/', '/amd64', 'a/b/c/d', 'linux amd64', 'linux//v7']) {
    assert.throws(
      () => parsePlatform(text, 'platform'),
      (error) => hasReason(error, 'BAD_ARGUMENT'),
      text,
    );
  }
});

test('other variants are other platforms', () => {
  const [arm6, arm7, plain] = ['linux/arm/v6', 'linux/arm/v7', 'linux/arm'].map((text) =>
    parsePlatform(text, 'p'),
  );
  assert.ok(arm6 && arm7 && plain);
  assert.equal(isSamePlatform(arm6, arm7), false);
  assert.equal(isSamePlatform(arm7, plain), true);
});
