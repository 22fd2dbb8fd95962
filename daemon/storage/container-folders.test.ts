import assert from 'node:assert/strict';
import fs, { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ContainerFolders } from './container-folders.ts';

function someFolders(t: TestContext) {
  const home = mkdtempSync(join(tmpdir(), 'lk-layers-'));
  t.after(() => rmSync(home, { recursive: true }));
  const folders = new ContainerFolders(join(home, 'root'), join(home, 'run'));
  folders.create('one');
  const left = (): string[] =>
    readdirSync(join(home, 'root'), { recursive: true, encoding: 'utf8' }).filter((path) =>
      /^(containers|trash)\//.test(path),
    );
  return { home, folders, left };
}

test('on a disk without room for a name in the trash, a folder can still be removed', async (t) => {
  const { folders, left } = someFolders(t);
  const { renameSync } = fs;
  const rename = t.mock.method(fs, 'renameSync', (from: string, to: string) => {
    if (to.includes('/root/trash/')) throw Object.assign(new Error(), { code: 'ENOSPC' });
    renameSync(from, to);
  });
  syncBuiltinESMExports();
  folders.remove('one');
  await folders.settled();
  rename.mock.restore();
  syncBuiltinESMExports();
  assert.deepEqual(left(), []);
  assert.ok(folders.create('two').base.endsWith('/two'));
});

test('a folder that cannot become a spare is removed', async (t) => {
  const { home, folders, left } = someFolders(t);
  rmSync(join(home, 'root/spare'), { recursive: true });
  folders.remove('one');
  await folders.settled();
  assert.deepEqual(left(), []);
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
