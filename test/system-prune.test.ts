// What inspect finds by a name alone, and what system prune removes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageFiles } from './harness/image-store.ts';
import { layerOf, layerOfFolder } from './harness/images.ts';
import { suite } from './harness/suite.ts';

const s = suite();

test('inspect finds containers, images and volumes, in this order; --type says which', async () => {
  const image = await s.ok(['import', '-', 'same'], { stdin: layerOf({ 'bin/x': 'x' }) });
  await s.ok(['volume', 'create', 'same']);
  const inspected = async (...args: string[]) => JSON.parse(await s.ok(['inspect', ...args]))[0];
  assert.equal((await inspected('same')).Id, image);
  const container = await s.ok(['create', '--name', 'same', s.rootfs, 'true']);
  await s.ok(['volume', 'create', 'alone']);
  assert.equal((await inspected('same')).Id, container);
  assert.equal((await inspected('--type', 'image', 'same')).Id, image);
  assert.equal((await inspected('--type=volume', 'same')).Name, 'same');
  assert.equal((await inspected('alone')).Name, 'alone');
  assert.equal(await s.ok(['inspect', '-f', '{{.Id}}', 'same:latest']), image);
  const none = await s.likerctl(['inspect', 'Nothing', 'nothing']);
  assert.deepEqual(
    [none.code, none.stdout.trim(), none.stderr],
    [
      1,
      '[]',
      "likerctl: No such container, image, network or volume: 'Nothing'\nlikerctl: No such container, image, network or volume: 'nothing'\n",
    ],
  );
  const wrong = await s.likerctl(['inspect', '--type=image', 'alone']);
  assert.deepEqual([wrong.code, /No such image: 'alone'/.test(wrong.stderr)], [1, true], wrong.stderr);
  await s.ok(['rm', 'same']);
  await s.ok(['rmi', 'same']);
  await s.ok(['volume', 'rm', 'same', 'alone']);
});

test('system prune removes stopped containers, images and volumes as in Docker, and asks before', async () => {
  const tar = layerOfFolder(s.rootfs);
  const [used, unused] = [
    await s.ok(['import', '-', 'used'], { stdin: tar }),
    await s.ok(['import', '-c', 'LABEL keep=me', '-', 'unused'], { stdin: layerOf({ 'bin/y': 'y' }) }),
  ];
  const dangling = await s.ok(['import', '-'], { stdin: layerOf({ 'bin/z': 'z'.repeat(100_000) }) });
  await s.ok(['volume', 'create', 'named']);
  const running = await s.ok(['run', '-d', '--name', 'running', 'used', 'sleep', '1000']);
  const stopped = await s.ok(['create', '-v', '/anonymous', '--label', 'a=b', 'used', 'true']);

  const asked = await s.likerctl(['system', 'prune', '-a', '--volumes', '--filter', 'label!=x'], {
    stdin: 'n\n',
  });
  assert.equal(
    asked.stdout,
    `WARNING! This will remove:
  - all stopped containers
  - all networks not used by at least one container
  - all anonymous volumes not used by at least one container
  - all images without at least one container associated to them

  Items to be pruned will be filtered with:
  - label!=x

Are you sure you want to continue? [y/N] `,
  );
  assert.equal((await s.likerctl(['system', 'prune', '-f', '--volumes', '--filter', 'until=1h'])).code, 1);
  assert.equal(await s.ok(['system', 'prune', '-f', '--filter', 'label=no']), 'Total reclaimed space: 0B');

  const first = await s.ok(['system', 'prune', '-f']);
  assert.match(
    first,
    new RegExp(
      `^Deleted Containers:\n${stopped}\n\nDeleted Images:\nDeleted: ${dangling}\nDeleted: sha256:.*\n\nTotal reclaimed space: 1\\d\\dkB$`,
    ),
  );
  assert.equal((await s.ok(['volume', 'ls', '-q'])).split('\n').length, 2);

  const second = await s.ok(['system', 'prune', '-af', '--volumes', '--filter', 'label!=keep']);
  assert.match(second, /^Deleted Volumes:\n[0-9a-f]{64}\n\nTotal reclaimed space: /);
  assert.equal(await s.ok(['volume', 'ls', '-q']), 'named');
  assert.deepEqual((await s.ok(['images', '-q', '--no-trunc'])).split('\n').sort(), [used, unused].sort());

  assert.match(
    await s.ok(['system', 'prune', '-af']),
    new RegExp(`Untagged: unused:latest\nDeleted: ${unused}`),
  );
  assert.equal(await s.ok(['ps', '-aq', '--no-trunc']), running);
  await s.ok(['rm', '-f', 'running']);
  await s.ok(['volume', 'rm', 'named']);
  await s.ok(['system', 'prune', '-af']);
  assert.deepEqual(imageFiles(s.daemon.root), []);
});
