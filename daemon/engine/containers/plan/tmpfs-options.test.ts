import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mountAttr } from '../../../kernel/plan/steps.ts';
import { applyTmpfsOptions, isTmpfsOption, knownTmpfsOptions } from './tmpfs-options.ts';

const { RDONLY, NOEXEC, NOATIME, STRICTATIME, NODIRATIME } = mountAttr;

test('an option takes a value or takes none', () => {
  for (const word of [
    'size=64m',
    'size=50%',
    'mode=1777',
    'huge=within_size',
    'mpol=bind=static:0-1,3',
    'noswap',
  ])
    assert.ok(isTmpfsOption(word), word);
  for (const word of [
    '',
    'size',
    'size=',
    'mode=9',
    'noexec=1',
    'huge=much',
    'mpol=x',
    'toString',
    'uid=root',
  ])
    assert.ok(!isTmpfsOption(word), word);
});

test('every option that is documented is accepted', () => {
  const given: Readonly<Record<string, string>> = {
    mode: '0',
    huge: 'never',
    mpol: 'local',
  };
  for (const known of knownTmpfsOptions) {
    const [name = '', value] = known.split('=');
    const word = value === undefined ? name : `${name}=${given[name] ?? '1'}`;
    assert.ok(isTmpfsOption(word), word);
  }
});

test('the last option of a kind counts', () => {
  const attributes = (words: string[], before = 0) => applyTmpfsOptions(words, before).attributes;
  assert.equal(attributes(['exec'], NOEXEC), 0);
  assert.equal(attributes(['noatime', 'nodiratime']), NOATIME | NODIRATIME);
  assert.equal(attributes(['noatime', 'strictatime']), STRICTATIME);
  assert.equal(attributes(['strictatime', 'nostrictatime']), 0);
  assert.equal(attributes(['ro', 'rw', 'defaults', 'ro']), RDONLY);
  assert.deepEqual(applyTmpfsOptions(['size=1m', 'lazytime'], 0).options, [
    ['size', '1m'],
    ['lazytime', null],
  ]);
});
