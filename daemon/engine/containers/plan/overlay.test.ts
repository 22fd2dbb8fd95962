import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inOneFolder } from './overlay.ts';

test('layers that are in one folder are given by their names in it, and others by their paths', () => {
  assert.deepEqual(inOneFolder(['/l/2', '/l/1']), { folders: ['/l'], names: ['2', '1'] });
  for (const lowers of [['/l/1'], ['/l/2', '/m/1'], ['/l/2', '/l/1/x'], ['/2', '/'], ['/l/2', '/l']])
    assert.deepEqual(inOneFolder(lowers), { folders: lowers, names: [] });
  assert.deepEqual(inOneFolder(['/2', '/1']), { folders: ['/'], names: ['2', '1'] });
});
