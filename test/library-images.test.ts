// Images by the library: archives as streams, and a registry.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { hasReason } from '../common/errors.ts';
import { Liker } from '../library/index.ts';
import type { RemovedImage } from '../proto/gen/types/liker/v1/RemovedImage.ts';
import { Api } from './harness/api.ts';
import { DockerRegistry } from './harness/docker-registry.ts';
import { requiresProgram } from './harness/requires.ts';
import { suite } from './harness/suite.ts';

const s = suite();

const connect = () => new Liker({ host: `unix://${s.daemon.socket}` });

/** An image of the suite's root. */
async function imported(liker: Liker, name: string): Promise<string> {
  const tar = spawn('tar', ['-C', s.rootfs, '-c', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const { image, warnings } = await liker.images.import(tar.stdout, {
    name,
    changes: ['CMD ["echo", "made"]'],
    message: 'by the library',
  });
  assert.deepEqual(warnings, []);
  return image.id;
}

test('import, save and load take and give streams', async () => {
  using liker = connect();
  const id = await imported(liker, 'made');
  await using box = await liker.containers.run({ image: 'made', network: 'none' });
  assert.equal((await box.wait()).code, 0);
  assert.deepEqual(
    (await Array.fromAsync(box.logs())).map(({ data }) => Buffer.from(data).toString()),
    ['made\n'],
  );
  await box.remove();
  const file = join(s.folder('archives'), 'made.tar');
  const layers = new Set<string>();
  const onProgress = ({ digest }: { digest: string }) => layers.add(digest);
  await pipeline(
    liker.images.save(['made'], { format: 'docker', compression: 'gzip', onProgress }),
    createWriteStream(file),
  );
  const names = execFileSync('tar', ['tf', file], { encoding: 'utf8' });
  assert.match(names, /^manifest\.json$/m);
  assert.doesNotMatch(names, /^oci-layout$/m);
  assert.ok(layers.size > 0);
  await liker.images.remove('made');
  await assert.rejects(liker.images.get('made'), (error) => hasReason(error, 'IMAGE_NOT_FOUND'));
  const loaded = await liker.images.load(createReadStream(file));
  assert.deepEqual(
    loaded.map(({ image, names }) => [image?.id, names]),
    [[id, ['docker.io/library/made:latest']]],
  );
  await liker.images.remove('made');
});

test('a repeated call removes a name, and an image, once, also by another likerd', async () => {
  using liker = connect();
  const id = await imported(liker, 'made');
  await liker.images.tag('made', 'other');
  const remove = async (image: string): Promise<RemovedImage> => {
    using api = new Api(s.daemon);
    const request = { image, requestId: `remove ${image}` };
    const { removed } = await api.call<{ removed: RemovedImage }>((done) =>
      api.images.RemoveImage(request, done as never),
    );
    return removed;
  };
  const untagged = await remove('other');
  const removed = await remove('made');
  assert.deepEqual([untagged.untagged, untagged.id, removed.id], [['other:latest'], '', id]);
  await s.daemon.restart();
  assert.deepEqual(await Promise.all(['other', 'made'].map(remove)), [untagged, removed]);
});

test('an archive that is none, or cannot be read, is an error, and so is a call that is given up', async () => {
  using liker = connect();
  await assert.rejects(liker.images.load([Buffer.from('no archive')]), (error) =>
    hasReason(error, 'BAD_IMAGE'),
  );
  const missing = createReadStream(join(s.daemon.home, 'none.tar'));
  await assert.rejects(liker.images.load(missing), /ENOENT/);
  const stop = new AbortController();
  const endless = async function* () {
    yield Buffer.alloc(512);
    stop.abort(new Error('enough'));
    await new Promise(() => {});
  };
  await assert.rejects(liker.images.import(endless(), { signal: stop.signal }), /enough/);
  await assert.rejects(Array.fromAsync(liker.images.save('none')), (error) =>
    hasReason(error, 'IMAGE_NOT_FOUND'),
  );
});

test('an image goes to a registry, and comes back', requiresProgram('docker-registry'), async () => {
  using liker = connect();
  await using registry = await DockerRegistry.start({ auth: true });
  const name = `${registry.host}/made:1`;
  const id = await imported(liker, name);
  await assert.rejects(liker.images.push(name), (error) => hasReason(error, 'REGISTRY_DENIED'));
  const credentials = { username: 'user', password: 'secret' };
  const [pushed] = await liker.images.push(name, { credentials });
  assert.equal(pushed?.tag, '1');
  await liker.images.remove(name);
  const image = await liker.images.pull(`${registry.host}/made@${pushed?.digest}`, { credentials });
  assert.equal(image.id, id);
  await liker.images.remove(id);
});
