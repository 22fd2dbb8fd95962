import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LayerFolders } from './layers.ts';

test('a layer that comes again is asked again whether it is opaque', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'lk-layers-'));
  t.after(() => rmSync(root, { recursive: true }));
  const trash = {
    take: (folder: string) => folder,
    empty: (folder: string) => rmSync(folder, { recursive: true, force: true }),
  };
  const layers = new LayerFolders(root, trash);
  const diffId = `sha256:${'a'.repeat(64)}`;
  const put = async (isOpaque: boolean) => {
    const folder = await layers.begin();
    if (isOpaque) execFileSync('setfattr', ['-n', 'user.overlay.opaque', '-v', 'y', folder]);
    writeFileSync(layers.recipeDraft(folder), '');
    await layers.commit(folder, diffId, () => {});
  };
  // Its folder is lost.
  assert.equal(layers.isOpaque(diffId, 'user'), false);
  await put(true);
  assert.equal(layers.isOpaque(diffId, 'user'), true);
  layers.remove(diffId);
  assert.equal(layers.isOpaque(diffId, 'user'), false);
});
