// What makes archives of layers again: recipes, and archives that are kept. Each has a row, and goes with its layer.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import type { GetDiskUsageResponse } from '../proto/gen/types/liker/v1/GetDiskUsageResponse.ts';
import { imageFiles } from './harness/image-store.ts';
import { layerOf, makeImage, type TestImage, writeLayout } from './harness/images.ts';
import { suite } from './harness/suite.ts';

const s = suite();

const inRoot = (...path: readonly string[]): string => join(s.daemon.root, ...path);
const stored = (folder: string): string[] => readdirSync(inRoot(folder)).sort();
const nameOf = (diffId: string): string => diffId.replace(':', '-');

function make(): TestImage {
  return makeImage([layerOf({ random: randomBytes(300_000) }), layerOf({ text: 'x'.repeat(100_000) })]);
}

/** Loads the image as NAME:1 from a layout, whose layers are compressed. */
async function load(made: TestImage, name: string, ...flags: readonly string[]): Promise<void> {
  const folder = s.folder(name);
  writeLayout(folder, made, `${name}:1`);
  await s.ok(['load', '-q', ...flags, '-i', folder]);
}

const save = (name: string) =>
  s.likerctl(['save', '-o', join(s.folder(`saved-${name}`), 'tar'), `${name}:1`]);

async function toldBytes(): Promise<number> {
  const { usages } = await s.api.call<GetDiskUsageResponse>((callback) =>
    s.api.system.GetDiskUsage({}, callback),
  );
  const ofImages = usages.filter(({ type }) => ['Images', 'Archives'].includes(type));
  return ofImages.reduce((sum, { sizeBytes }) => sum + Number(sizeBytes), 0);
}

/** Kills likerd, does something to its files, and starts it again. */
async function whileDead(act: () => void): Promise<void> {
  await s.daemon.kill9();
  act();
  await s.daemon.restart();
}

afterEach(async () => {
  await s.ok(['image', 'prune', '-af']);
  assert.deepEqual(imageFiles(s.daemon.root), []);
  assert.equal(await toldBytes(), 0);
});

test('each layer has a recipe, which is counted, and goes with it', async () => {
  const made = make();
  await load(made, 'counted');
  assert.deepEqual(stored('recipes'), made.layers.map(({ diffId }) => nameOf(diffId)).sort());
  assert.equal((await save('counted')).code, 0);
  await s.ok(['rmi', 'counted:1']);
  assert.deepEqual(stored('recipes'), []);
});

test('archives are kept when it is asked, also of layers that are here; system df counts them', async () => {
  const made = make();
  await load(made, 'kept');
  const archives = made.layers.map(({ digest }) => digest.slice('sha256:'.length));
  assert.ok(!archives.some((name) => stored('blobs/sha256').includes(name)));
  await load(made, 'kept', '--keep-blobs');
  for (const { digest, bytes } of made.layers)
    assert.ok(readFileSync(inRoot('blobs', digest.replace(':', '/'))).equals(bytes));
  const blocks = execFileSync('du', ['-s', '--block-size=1', 'layers', 'recipes', 'blobs'], {
    cwd: s.daemon.root,
    encoding: 'utf8',
  });
  const onDisk = [...blocks.matchAll(/^\d+/gm)].reduce((sum, [bytes]) => sum + Number(bytes), 0);
  // Folders of likerd's own, and the last blocks of small files.
  assert.ok(
    Math.abs(onDisk - (await toldBytes())) < 64 * 1024,
    `${await toldBytes()} told, ${onDisk} on the disk`,
  );
  await s.ok(['rmi', 'kept:1']);
  assert.deepEqual(stored('blobs/sha256'), []);
});

test('a start removes recipes without a layer, and forgets those that are gone: then save says what to do', async () => {
  const made = make();
  await load(made, 'gone', '--keep-blobs');
  const [below, above] = made.layers;
  assert.ok(below && above);
  await whileDead(() => {
    writeFileSync(inRoot('recipes', `sha256-${'f'.repeat(64)}`), 'x');
    rmSync(inRoot('recipes', nameOf(below.diffId)));
    rmSync(inRoot('blobs', below.digest.replace(':', '/')));
  });
  assert.deepEqual(stored('recipes'), [nameOf(above.diffId)]);
  const { code, stderr } = await save('gone');
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`layer ${below.diffId} again.*pull .*again`));
  await load(made, 'gone', '--keep-blobs');
  assert.equal((await save('gone')).code, 0);
  assert.deepEqual(stored('recipes').length, 2);
  assert.ok(readFileSync(inRoot('blobs', below.digest.replace(':', '/'))).equals(below.bytes));
});

test('a layer whose files were changed is refused, and not given away as what it was', async () => {
  const made = make();
  await load(made, 'changed');
  const file = inRoot('layers', nameOf(made.layers[1]?.diffId ?? ''), 'text');
  writeFileSync(file, 'y'.repeat(100_000));
  const same = await save('changed');
  assert.equal(same.code, 1);
  assert.match(same.stderr, /its archive has the digest|is damaged|changed/);
  writeFileSync(file, 'short');
  assert.match((await save('changed')).stderr, /its file 'text' has been changed or removed/);
});

test('a lost database: recipes and kept archives are found again', async () => {
  const made = make();
  await load(made, 'lost', '--keep-blobs');
  const blobs = stored('blobs/sha256');
  await whileDead(() => {
    for (const name of readdirSync(s.daemon.root).filter((name) => name.startsWith('liker.db')))
      rmSync(inRoot(name));
  });
  assert.deepEqual(stored('blobs/sha256'), blobs);
  assert.equal(stored('recipes').length, 2);
  await s.ok(['tag', made.id, 'lost:1']);
  assert.equal((await save('lost')).code, 0);
});
