import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Reason } from '../../../../common/errors.ts';
import { Store } from '../../../store/store.ts';
import { findImage } from './find.ts';

const folder = mkdtempSync(join(tmpdir(), 'liker-find-'));
const store = new Store(join(folder, 'liker.db'));
after(() => {
  store[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

const hex = (start: string): string => start.padEnd(64, '0');
const one = `sha256:${hex('abc1')}`;
const other = `sha256:${hex('abc2')}`;
const manifest = `sha256:${hex('def')}`;
store.database.transaction(() => {
  for (const digest of [one, other, manifest]) store.blobs.insert({ digest, size: 1, createdAt: 1 });
  for (const id of [one, other]) store.images.insert({ id, createdAt: 1 }, []);
  store.manifests.insert({ digest: manifest, imageId: one });
  store.manifests.insertDigest({ repository: 'docker.io/library/debian', digest: manifest });
  store.imageNames.set({ name: 'docker.io/library/debian:latest', imageId: one });
  store.imageNames.set({ name: 'docker.io/library/abc2:latest', imageId: one });
});

test('an image is found by every reference that Docker takes', () => {
  for (const [reference, id, name] of [
    ['debian', one, 'debian:latest'],
    ['docker.io/library/debian:latest', one, 'debian:latest'],
    [`debian@${manifest}`, one, `debian@${manifest}`],
    [`debian:13@${manifest}`, one, `debian:13@${manifest}`],
    [one, one, one],
    [hex('abc2'), other, other],
    ['abc1', one, one],
    ['sha256:abc1', one, one],
    // A name comes before the prefix of an id.
    ['abc2', one, 'abc2:latest'],
  ] as const) {
    const found = findImage(store, reference);
    assert.deepEqual([found.image.id, found.name], [id, name], reference);
  }
});

test('what is not found, or more than one, is refused', () => {
  const table: [string, Reason][] = [
    ['abc', 'AMBIGUOUS_ID'],
    ['ab3', 'IMAGE_NOT_FOUND'],
    ['debian:13', 'IMAGE_NOT_FOUND'],
    [`other@${manifest}`, 'IMAGE_NOT_FOUND'],
    [hex('fff'), 'IMAGE_NOT_FOUND'],
    ['Debian', 'BAD_ARGUMENT'],
    ['%', 'BAD_ARGUMENT'],
    ['', 'BAD_ARGUMENT'],
  ];
  for (const [reference, reason] of table)
    assert.throws(() => findImage(store, reference), { reason }, reference);
});
