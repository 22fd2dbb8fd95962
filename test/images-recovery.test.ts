// What docs/images.md says of damage: files that are gone, a database that is lost, a disk that is too small.
import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { FakeRegistry } from '../daemon/registry/test/fake-registry.ts';
import { layerOf, layerOfFolder, makeImage, serveImage, type TestImage } from './harness/images.ts';
import { suite } from './harness/suite.ts';

const s = suite();
let registry: FakeRegistry;
before(async () => {
  registry = await FakeRegistry.start();
});
after(() => registry[Symbol.asyncDispose]());

/** An image that says its text, pulled under this name. */
async function pulled(name: string, text: string): Promise<TestImage> {
  const made = makeImage([layerOfFolder(s.rootfs), layerOf({ text })], { config: { Cmd: ['cat', '/text'] } });
  serveImage(registry, made, name);
  await s.ok(['pull', '-q', `${registry.host}/repair:${name}`]);
  return made;
}

const folderOf = ({ diffId }: { readonly diffId: string }) =>
  join(s.daemon.root, 'layers', diffId.replace(':', '-'));

/** Kills likerd, does something to its files, and starts it again. */
async function whileDead(act: () => void): Promise<void> {
  await s.daemon.kill9();
  act();
  await s.daemon.restart();
}

test('an image whose layer is gone is removed at the next start, and pulled again', async () => {
  const made = await pulled('gone', 'of an image');
  const [, top] = made.layers;
  assert.ok(top);
  await whileDead(() => rmSync(folderOf(top), { recursive: true }));
  assert.equal(await s.ok(['images', '-q']), '');
  assert.match(s.daemon.log, new RegExp(made.id));
  await pulled('gone', 'of an image');
  assert.equal(await s.ok(['run', '--rm', `${registry.host}/repair:gone`]), 'of an image');
});

test('an image that a container has stays when its layer is gone, and a pull brings the layer back', async () => {
  const made = await pulled('kept', 'of a container');
  const id = await s.ok(['create', `${registry.host}/repair:kept`]);
  const [, top] = made.layers;
  assert.ok(top);
  await whileDead(() => rmSync(folderOf(top), { recursive: true }));
  assert.notEqual((await s.likerctl(['start', '-a', id])).code, 0);
  await s.ok(['pull', '-q', `${registry.host}/repair:kept`]);
  assert.equal(await s.ok(['start', '-a', id]), 'of a container');
  await s.ok(['rm', id]);
});

test('a lost database: images are there by their ids, and run', async () => {
  const made = await pulled('lost', 'without a name');
  await whileDead(() => {
    for (const name of readdirSync(s.daemon.root).filter((name) => name.startsWith('liker.db')))
      rmSync(join(s.daemon.root, name));
  });
  const ids = (await s.ok(['images', '-aq', '--no-trunc'])).split('\n');
  assert.ok(ids.includes(made.id), ids.join());
  assert.equal(await s.ok(['run', '--rm', made.id]), 'without a name');
  await s.ok(['rmi', '-f', ...ids]);
  assert.deepEqual(readdirSync(join(s.daemon.root, 'layers')), []);
});
