import assert from 'node:assert/strict';
import fs, { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ContainerFolders } from './container-folders.ts';

for (const full of ['trash', 'spare'])
  test(`on a disk without room for a name in ${full}, a folder can still be removed`, async (t) => {
    const home = mkdtempSync(join(tmpdir(), 'lk-layers-'));
    t.after(() => rmSync(home, { recursive: true }));
    const folders = new ContainerFolders(join(home, 'root'), join(home, 'run'));
    folders.create('one');

    const { renameSync } = fs;
    const rename = t.mock.method(fs, 'renameSync', (from: string, to: string) => {
      if (to.includes(`/root/${full}/`)) throw Object.assign(new Error(), { code: 'ENOSPC' });
      renameSync(from, to);
    });
    syncBuiltinESMExports();
    folders.remove('one');
    await folders.settled();
    rename.mock.restore();
    syncBuiltinESMExports();

    const left = readdirSync(join(home, 'root'), { recursive: true, encoding: 'utf8' });
    const outside = left.filter((path) => /^(containers|trash)\//.test(path));
    assert.deepEqual(outside, []);
    assert.ok(folders.create('two').base.endsWith('/two'));
  });

test('what a damaged id leads to is not set aside', (t) => {
  const home = mkdtempSync(join(tmpdir(), 'lk-layers-'));
  t.after(() => rmSync(home, { recursive: true }));
  const folders = new ContainerFolders(join(home, 'root'), join(home, 'run'));
  const id = 'a'.repeat(64);
  folders.create(id);
  for (const damaged of ['', '.', '..', `${id}/..`, '../../run']) {
    const aside = folders.setAside(damaged, 'its row');
    assert.match(aside, /\/root\/set-aside\/unknown-[0-9a-f]{8}$/);
    assert.equal(readFileSync(join(aside, 'record.json'), 'utf8'), 'its row');
  }
  assert.deepEqual(folders.list(), [id]);
  assert.deepEqual(readdirSync(home), ['root', 'run']);
});
