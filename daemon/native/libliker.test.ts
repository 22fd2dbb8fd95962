import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeFolders, removeFolders, removeTree, treeRoom } from './libliker.ts';

const top = mkdtempSync(join(tmpdir(), 'liker-library-'));
after(() => rm(top, { recursive: true }));

/** What du says of a tree, in bytes. */
const duOf = (tree: string): number =>
  Number(execFileSync('du', ['-s', '--block-size=1', tree], { encoding: 'utf8' }).split('\t')[0]);

test('hundreds of calls in threads may wait at once, as when hundreds of containers end', async () => {
  writeFileSync(join(top, 'file'), 'four');
  const sizes = await Promise.all(Array.from({ length: 600 }, () => treeRoom(join(top, 'file'))));
  assert.deepEqual(new Set(sizes), new Set([statSync(join(top, 'file')).blocks * 512]));
});

test('several folders are created and removed in one call, with a result for each', async () => {
  const folders = ['a', 'b', 'none/c', 'file'].map((name) => join(top, name));
  assert.deepEqual(await makeFolders(folders), ['', '', 'ENOENT', 'EEXIST']);
  assert.deepEqual(readdirSync(top).sort(), ['a', 'b', 'file']);
  assert.deepEqual(await removeFolders(folders), ['', '', 'ENOENT', 'ENOTDIR']);
  assert.deepEqual(readdirSync(top), ['file']);
});

test('long walks through trees delay no start and no end of a container', async () => {
  const tree = join(top, 'tree');
  mkdirSync(tree);
  for (let file = 0; file < 1000; file++) writeFileSync(join(tree, String(file)), '');
  let walked = 0;
  const walks = Array.from({ length: 20 }, () => treeRoom(tree).then(() => walked++));
  await makeFolders([join(top, 'quick')]);
  assert.ok(walked < 10, `it waited for ${walked} walks`);
  await Promise.all(walks);
});

test('folders that a container has nested hundreds deep are walked and removed', async () => {
  const nested = join(top, 'nested');
  mkdirSync(nested);
  // A name that what is moved up would like to have.
  writeFileSync(join(nested, 'deep.0'), 'four');
  const here = process.cwd();
  process.chdir(nested);
  for (let depth = 0; depth < 300; depth++) {
    mkdirSync('d');
    process.chdir('d');
  }
  process.chdir(here);
  assert.equal(await treeRoom(nested), duOf(nested));
  await removeTree(nested);
  assert.equal(existsSync(nested), false);
});

test('the room that a tree takes on the disk is what du says, however many names a file has', async () => {
  const tree = join(top, 'room');
  mkdirSync(join(tree, 'folder'), { recursive: true });
  writeFileSync(join(tree, 'file'), 'x'.repeat(5000));
  for (const name of ['one', 'folder/two']) linkSync(join(tree, 'file'), join(tree, name));
  symlinkSync('nowhere'.repeat(20), join(tree, 'link'));
  symlinkSync('/usr', join(tree, 'folder/out'));
  assert.equal(await treeRoom(tree), duOf(tree));
  assert.equal(await treeRoom(join(top, 'none')), 0);
});
