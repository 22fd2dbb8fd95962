// If any call of likerd, libliker or liker-unpack fails during a verb of images, or one of them is killed, then the error names the failure,
// no row lacks its file, the same verb works the next time, and nothing is left that belongs to no row.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { FakeRegistry } from '../daemon/registry/test/fake-registry.ts';
import type { LoadImagesResponse } from '../proto/gen/types/liker/v1/LoadImagesResponse.ts';
import { Api } from './harness/api.ts';
import { Failpoint, type Outcome, type Which } from './harness/failpoints.ts';
import { accountOf } from './harness/image-store.ts';
import { layerOf, makeImage, serveImage, writeDockerArchive } from './harness/images.ts';
import { suite } from './harness/suite.ts';
import { until, within } from './harness/until.ts';

const point = new Failpoint();
const s = suite({ env: point.env, preload: point.preload });
after(() => point[Symbol.dispose]());

/** Tries every call instead of some of them: `npm run endurance`. */
const all = process.env['LIKER_KILLS'] !== undefined;

const texts = ['lower', 'upper'];
const image = makeImage(
  texts.map((text) => layerOf({ [`${text}/a`]: text, [`${text}/b`]: Buffer.alloc(100_000, text) })),
  { config: { Cmd: ['cat'] } },
);

let registry: FakeRegistry;
let archive: Buffer;
before(async () => {
  registry = await FakeRegistry.start();
  serveImage(registry, image, '1');
  const folder = mkdtempSync(join(tmpdir(), 'lk-archive-'));
  try {
    writeDockerArchive(folder, image, [name()]);
    archive = execFileSync('tar', ['-C', folder, '-c', '.'], { maxBuffer: 1 << 28 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
after(() => registry[Symbol.asyncDispose]());

const name = (): string => `${registry.host}/failing:1`;

type State = 'absent' | 'present' | 'named twice';

/** Calls by clients of their own: a killed likerd takes the connection with it. */
async function using<T>(work: (api: Api) => Promise<T>): Promise<T> {
  using api = new Api(s.daemon);
  return await work(api);
}

const pull = () => using((api) => api.pull({ reference: name() }));

const load = () =>
  using(async ({ images }) => {
    const stream = images.LoadImages();
    for (const frame of [{ start: {} }, { data: archive }, { end: {} }]) stream.write(frame);
    stream.end();
    await within('a load', Array.fromAsync<LoadImagesResponse>(stream));
  });

const tag = () =>
  using((api) =>
    api.call((done) => api.images.TagImage({ image: image.id, name: `${name()}-again` }, done as never)),
  );

const prune = () => using((api) => api.call((done) => api.images.PruneImages({ all: true }, done as never)));

/** Gone already is what was wanted: the call whose answer was lost may have removed it. */
const remove = () =>
  using((api) =>
    api.call((done) => api.images.RemoveImage({ image: image.id, force: true }, done as never)),
  ).catch((error: { code?: number }) => {
    if (error.code !== status.NOT_FOUND) throw error;
  });

async function state(): Promise<State> {
  const { images } = await using((api) =>
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

interface Verb {
  readonly name: string;
  readonly from: 'absent' | 'present';
  readonly act: () => Promise<unknown>;
  readonly to: State;
}

const verbs: readonly Verb[] = [
  { name: 'pull', from: 'absent', act: pull, to: 'present' },
  { name: 'load', from: 'absent', act: load, to: 'present' },
  { name: 'tag', from: 'present', act: tag, to: 'named twice' },
  { name: 'rmi', from: 'present', act: remove, to: 'absent' },
  { name: 'image prune', from: 'present', act: prune, to: 'absent' },
];

interface Way extends Which {
  readonly words: string;
}

const ways: readonly Way[] = [
  { words: 'each call of likerd fails', role: 'likerd', errno: 'EIO', stride: all ? 1 : 3 },
  { words: 'each later call of likerd fails', role: 'later', errno: 'EIO', stride: all ? 1 : 3 },
  { words: 'the disk is full at each later call', role: 'later', errno: 'ENOSPC', stride: all ? 1 : 5 },
  { words: 'likerd is killed at each of its calls', role: 'likerd', mode: 'kill', stride: all ? 1 : 7 },
  { words: 'likerd is killed at each later call', role: 'later', mode: 'kill', stride: all ? 1 : 7 },
  { words: 'each call of libliker fails', role: 'library', stride: all ? 1 : 2 },
  { words: 'likerd is killed in each call of libliker', role: 'library', mode: 'kill', stride: all ? 1 : 5 },
  { words: 'each call of liker-unpack fails', role: 'unpack', stride: all ? 1 : 19 },
  { words: 'the disk is full for liker-unpack', role: 'unpack', errno: 'ENOSPC', stride: all ? 1 : 23 },
  { words: 'liker-unpack is killed at each call', role: 'unpack', mode: 'kill', stride: all ? 1 : 29 },
];

/** Only what brings an image unpacks; these two do all in one turn. */
const hasCalls = ({ name, from }: Verb, role: Which['role']): boolean =>
  role === 'unpack' ? from === 'absent' : role !== 'later' || !['tag', 'rmi'].includes(name);
const killsLikerd = ({ role, mode }: Which): boolean => mode === 'kill' && role !== 'unpack';

/** One line that says what was tried and why it failed; not INTERNAL, unless liker-unpack was killed. */
function isTold({ error, call }: Outcome<unknown>, which: Which): void {
  if (error === null) return;
  // likerd could not determine the peer of the connection, and refused it.
  if (call === 'getsockopt' && error.code === status.UNAVAILABLE) return;
  const text = error.details ?? error.message;
  if (killsLikerd(which) && error.code === status.UNAVAILABLE) return;
  assert.match(text, /^(Cannot|The|liker-unpack) /);
  assert.doesNotMatch(text, /Internal error|\n/);
}

/** Each file of the image, as it was in the archive. */
function isWhole(): void {
  for (const [index, text] of texts.entries()) {
    const { diffId = '' } = image.layers[index] ?? {};
    const folder = join(s.daemon.root, 'layers', diffId.replace(':', '-'), text);
    assert.equal(readFileSync(join(folder, 'a'), 'utf8'), text);
    const bytes = readFileSync(join(folder, 'b'));
    assert.deepEqual(hash(bytes), hash(Buffer.alloc(100_000, text)));
  }
}

const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

async function renewDaemon(): Promise<void> {
  await s.daemon.kill9();
  await s.daemon.start();
}

for (const verb of verbs) {
  const { from, act, to } = verb;
  describe(verb.name, { concurrency: 1 }, () => {
    for (const { words, ...which } of ways.filter(({ role }) => hasCalls(verb, role)))
      test(words, async (t) => {
        await bring(from);
        const calls: string[] = [];
        const count = await point.each(
          which,
          act,
          async (outcome) => {
            calls.push(outcome.call);
            if (killsLikerd(which)) await renewDaemon();
            isTold(outcome, which);
            const { strange, missing } = accountOf(s.daemon.root);
            assert.deepEqual(missing, [], 'rows without files');
            if (killsLikerd(which)) assert.deepEqual(strange, [], 'files without rows after a start');
            await act();
            assert.equal(await state(), to, 'the state after another try');
            if (to !== 'absent') isWhole();
            await bring(from);
          },
          async () => {
            await renewDaemon();
            await bring(from);
          },
        );
        t.diagnostic(`${verb.name}: ${words}: ${count} calls: ${[...new Set(calls)].join(' ')}`);
        assert.ok(count > 0, 'no call was made to fail');
        await renewDaemon();
        assert.deepEqual(accountOf(s.daemon.root), { strange: [], missing: [] });
        await bring('absent');
        await until('the files to be gone', () => accountOf(s.daemon.root).strange.length === 0);
      });
  });
}
