import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPlatform, ownPlatform } from '../../oci/platform.ts';
import type { ImageContext } from './context.ts';
import { layerWarnings, platformWarnings } from './warnings.ts';

test('an image with more layers than an overlay can have is told when it comes', () => {
  const warnings = (count: number) => {
    const rows = { layers: { of: () => Array.from({ length: count }, () => ({})) } };
    return layerWarnings({ ledger: { rows } } as unknown as ImageContext, 'id');
  };
  assert.deepEqual(warnings(500), []);
  assert.match(warnings(501)[0] ?? '', /^It has 501 layers, and a container has at most 500/);
});

test('an image for another platform is told', () => {
  assert.deepEqual(platformWarnings({ platform: formatPlatform(ownPlatform()) }), []);
  assert.deepEqual(platformWarnings({ platform: '' }), []);
  assert.match(platformWarnings({ platform: 'linux/s390x' })[0] ?? '', /^Its programs are for linux\/s390x/);
});
