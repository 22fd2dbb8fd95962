// Failures while images come, get names and go: see harness/failing-images.ts.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { status } from '@grpc/grpc-js';
import { FakeRegistry } from '../daemon/registry/test/fake-registry.ts';
import type { LoadImagesResponse } from '../proto/gen/types/liker/v1/LoadImagesResponse.ts';
import type { Api } from './harness/api.ts';
import { failEach, using } from './harness/failing-images.ts';
import type { Role } from './harness/failpoint.ts';
import { Failpoint } from './harness/failpoints.ts';
import { layerOf, makeImage, serveImage, writeDockerArchive } from './harness/images.ts';
import { suite } from './harness/suite.ts';
import { within } from './harness/until.ts';

const registry = await FakeRegistry.start();
// Before the suite's, which looks for connections that are left.
after(() => registry[Symbol.asyncDispose]());
const point = new Failpoint();
const s = suite({ env: point.env, args: point.args, preload: point.preload });
after(() => point[Symbol.dispose]());

const texts = ['lower', 'upper'];
const image = makeImage(
  texts.map((text) => layerOf({ [`${text}/a`]: text, [`${text}/b`]: Buffer.alloc(100_000, text) })),
  { config: { Cmd: ['cat'] } },
);

const name = `${registry.host}/failing:1`;
serveImage(registry, image, '1');
const archive = dockerArchive();

function dockerArchive(): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'lk-archive-'));
  try {
    writeDockerArchive(folder, image, [name]);
    return execFileSync('tar', ['-C', folder, '-c', '.'], { maxBuffer: 1 << 28 });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

type State = 'absent' | 'present' | 'named twice';

/** As `using`. */
const call = <T>(work: (api: Api) => Promise<T>): Promise<T> => using(s, work);

const pull = () => call((api) => api.pull({ reference: name }));

const load = () =>
  call(async ({ images }) => {
    const stream = images.LoadImages();
    for (const frame of [{ start: {} }, { data: archive }, { end: {} }]) stream.write(frame);
    stream.end();
    await within('a load', Array.fromAsync<LoadImagesResponse>(stream));
  });

const tag = () =>
  call((api) =>
    api.call((done) => api.images.TagImage({ image: image.id, name: `${name}-again` }, done as never)),
  );

const prune = () => call((api) => api.call((done) => api.images.PruneImages({ all: true }, done as never)));

/** Gone already is what was wanted: the call whose answer was lost may have removed it. */
const remove = () =>
  call((api) =>
    api.call((done) => api.images.RemoveImage({ image: image.id, force: true }, done as never)),
  ).catch((error: { code?: number }) => {
    if (error.code !== status.NOT_FOUND) throw error;
  });

async function state(): Promise<State> {
  const { images } = await call((api) =>
    api.call<{ images: { id: string; names: string[] }[] }>((done) =>
      api.images.ListImages({}, done as never),
    ),
  );
  const found = images.find(({ id }) => id === image.id);
  if (!found) return 'absent';
  return found.names.length > 1 ? 'named twice' : 'present';
}

async function bring(to: 'absent' | 'present'): Promise<void> {
  if (to === 'absent' || (await state()) === 'named twice') await prune();
  if (to === 'present') await pull();
  assert.equal(await state(), to);
}

/** Each file of the image, as it was in the archive. */
function isWhole(): void {
  for (const [index, text] of texts.entries()) {
    const { diffId = '' } = image.layers[index] ?? {};
    const folder = join(s.daemon.root, 'layers', diffId.replace(':', '-'), text);
    assert.equal(readFileSync(join(folder, 'a'), 'utf8'), text);
    const bytes = readFileSync(join(folder, 'b'));
    assert.ok(bytes.equals(Buffer.alloc(100_000, text)));
  }
}

async function becomes(to: State): Promise<void> {
  assert.equal(await state(), to);
  if (to !== 'absent') isWhole();
}

/** Only what brings an image unpacks; tag and rmi do all in one turn. */
const verbs: readonly (readonly [
  name: string,
  from: 'absent' | 'present',
  act: () => Promise<unknown>,
  to: State,
  roles: readonly Role[],
])[] = [
  ['pull', 'absent', pull, 'present', ['likerd', 'later', 'library', 'unpack']],
  ['load', 'absent', load, 'present', ['likerd', 'later', 'library', 'unpack']],
  ['tag', 'present', tag, 'named twice', ['likerd', 'library']],
  ['rmi', 'present', remove, 'absent', ['likerd', 'library']],
  ['image prune', 'present', prune, 'absent', ['likerd', 'later', 'library']],
];

failEach(
  s,
  point,
  verbs.map(([verb, from, act, to, roles]) => ({
    name: verb,
    ready: () => bring(from),
    act,
    check: () => becomes(to),
    roles,
  })),
  () => bring('absent'),
);
