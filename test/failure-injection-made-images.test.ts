// Failures while images are made here, and while they go out: see harness/failing-images.ts. What they are made of, and what goes, stays whole.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { digestOf } from '../common/digest.ts';
import { FakeRegistry } from '../daemon/registry/test/fake-registry.ts';
import { Uploads } from '../daemon/registry/test/uploads.ts';
import type { Container } from '../proto/gen/types/liker/v1/Container.ts';
import type { ImportImageResponse } from '../proto/gen/types/liker/v1/ImportImageResponse.ts';
import type { PushImageResponse } from '../proto/gen/types/liker/v1/PushImageResponse.ts';
import type { SaveImagesResponse } from '../proto/gen/types/liker/v1/SaveImagesResponse.ts';
import type { Api } from './harness/api.ts';
import { failEach, using, type Verb } from './harness/failing-images.ts';
import { Failpoint } from './harness/failpoints.ts';
import { busyboxFolder } from './harness/image.ts';
import { layerOf, layerOfFolder, makeImage, serveImage } from './harness/images.ts';
import { suite } from './harness/suite.ts';
import { until, within } from './harness/until.ts';

const registry = await FakeRegistry.start();
new Uploads(registry);
// Before the suite's, which looks for connections that are left.
after(() => registry[Symbol.asyncDispose]());
const point = new Failpoint();
const s = suite({ env: point.env, args: point.args, preload: point.preload });
after(() => point[Symbol.dispose]());
const call = <T>(work: (api: Api) => Promise<T>): Promise<T> => using(s, work);

let container = '';
/** The image of the container. */
let base = makeImage([]);
const bytes = Buffer.alloc(100_000, 'content');

async function prepare(): Promise<void> {
  const busybox = layerOfFolder(busyboxFolder(s.folder('busybox')).folder);
  base = makeImage([busybox, layerOf({ 'lower/a': 'a', 'lower/b': bytes })]);
  serveImage(registry, base, '1');
  await call((api) => api.pull({ reference: name }));
  const script = 'rm /lower/a; echo made >/made; echo $$ >/pid; exec sleep 100000';
  container = (await s.ok(['run', '-d', '--pull', 'never', name, 'sh', '-c', script])).trim();
}

const name = `${registry.host}/failing:1`;
const made = 'made:1';

/** Of an image that was made. */
interface Made {
  readonly names: readonly string[];
  readonly layers: readonly string[];
}

async function allMade(): Promise<Made[]> {
  const listed = await call((api) =>
    api.call<{ images: { id: string; names: string[] }[] }>((done) =>
      api.images.ListImages({}, done as never),
    ),
  );
  const others = listed.images.filter(({ id }) => id !== base.id);
  assert.equal(listed.images.length - others.length, 1, 'the image of the container is there');
  return others.map(({ id, names }) => {
    const configuration = JSON.parse(readFileSync(join(s.daemon.root, 'blobs/sha256', id.slice(7)), 'utf8'));
    return { names, layers: configuration.rootfs.diff_ids };
  });
}

/** Removes all but the image of the container. */
async function withoutMade(): Promise<void> {
  await call((api) => api.call((done) => api.images.PruneImages({ all: true }, done as never)));
  assert.deepEqual(await allMade(), []);
}

const folderOf = (diffId: string): string => join(s.daemon.root, 'layers', diffId.replace(':', '-'));

/** The image of the container has its files, and the container runs as before. */
async function isAsBefore(): Promise<void> {
  const [, upper] = base.layers;
  const lower = join(folderOf(upper?.diffId ?? ''), 'lower');
  assert.deepEqual(readdirSync(lower), ['a', 'b']);
  assert.ok(readFileSync(join(lower, 'b')).equals(bytes));
  // A pause that could not be ended is ended a moment later.
  await until('the container to run', async () => {
    const { container: now } = await call((api) =>
      api.call<{ container: Container }>((done) => api.containers.GetContainer({ container }, done as never)),
    );
    return now.state === 'CONTAINER_STATE_RUNNING';
  });
}

/** The newest layer of the only image. */
async function newest(): Promise<string> {
  const images = (await allMade()).filter(({ names }) => names.length > 0);
  assert.deepEqual(
    images.map(({ names }) => names),
    [[`docker.io/library/${made}`]],
  );
  return images[0]?.layers.at(-1) ?? '';
}

const commit: Verb = {
  name: 'commit',
  ready: withoutMade,
  act: () =>
    call((api) => api.call((done) => api.files.CommitContainer({ container, name: made }, done as never))),
  async check() {
    const layer = folderOf(await newest());
    assert.equal(readFileSync(join(layer, 'made'), 'utf8'), 'made\n');
    assert.ok(statSync(join(layer, 'lower/a')).isCharacterDevice(), 'a whiteout');
    assert.ok(!existsSync(join(layer, 'lower/b')));
    await isAsBefore();
  },
  roles: ['likerd', 'later', 'library', 'unpack', 'pack'],
};

const imported = layerOf({ 'bin/one': 'one', 'bin/two': bytes });
const importTar: Verb = {
  name: 'import',
  ready: withoutMade,
  act: () =>
    call(async ({ images }) => {
      const stream = images.ImportImage();
      for (const frame of [{ start: { name: made } }, { data: imported }, { end: {} }]) stream.write(frame);
      stream.end();
      await within('an import', Array.fromAsync<ImportImageResponse>(stream));
    }),
  async check() {
    const layer = await newest();
    assert.equal(layer, digestOf(imported));
    assert.ok(readFileSync(join(folderOf(layer), 'bin/two')).equals(bytes));
    await isAsBefore();
  },
  roles: ['likerd', 'later', 'library', 'unpack'],
};

/** The registry has none of the image, as likerd is to believe. */
async function emptyRegistry(): Promise<void> {
  registry.blobs.clear();
  registry.manifests.clear();
}

const push: Verb = {
  name: 'push',
  ready: emptyRegistry,
  act: () =>
    call(({ images }) =>
      within('a push', Array.fromAsync<PushImageResponse>(images.PushImage({ name: name }))),
    ),
  async check() {
    const { config, layers } = JSON.parse(registry.manifests.get('1')?.bytes.toString() ?? '');
    assert.equal(config.digest, base.id);
    for (const { digest, size } of [config, ...layers])
      assert.equal(registry.blobs.get(digest)?.length, size);
    await isAsBefore();
  },
  roles: ['likerd', 'later', 'library', 'pack'],
};

let saved = Buffer.alloc(0);
const save: Verb = {
  name: 'save',
  ready: async () => {
    saved = Buffer.alloc(0);
  },
  act: () =>
    call(async ({ images }) => {
      const stream = images.SaveImages({ images: [name] });
      const frames = await within('a save', Array.fromAsync<SaveImagesResponse>(stream));
      saved = Buffer.concat(frames.map(({ data }) => data ?? Buffer.alloc(0)) as Buffer[]);
    }),
  async check() {
    const folder = mkdtempSync(join(tmpdir(), 'lk-saved-'));
    try {
      writeFileSync(join(folder, 'tar'), saved);
      execFileSync('tar', ['-C', folder, '-xf', join(folder, 'tar')]);
      const [entry] = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
      assert.equal(digestOf(readFileSync(join(folder, entry.Config))), base.id);
      const layers = entry.Layers.map((layer: string) => digestOf(readFileSync(join(folder, layer))));
      assert.deepEqual(
        layers,
        base.layers.map(({ diffId }) => diffId),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
    await isAsBefore();
  },
  roles: ['likerd', 'later', 'library', 'pack'],
};

describe('images that are made here, and that go out', { concurrency: 1 }, () => {
  before(prepare);
  failEach(s, point, [commit, importTar, push, save], withoutMade);
});
