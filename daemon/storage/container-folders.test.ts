import assert from 'node:assert/strict';
import fs, { mkdtempSync, readdirSync, rmSync } from 'node:fs';
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
