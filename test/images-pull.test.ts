// Images from a registry: pulled once, whoever asks, and on from where a pull broke off.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { digestOf } from '../common/digest.ts';
import {
  FakeRegistry,
  indexType,
  manifestType,
  rangeStart,
  sendRange,
} from '../daemon/registry/test/fake-registry.ts';
import type { GetDiskUsageResponse } from '../proto/gen/types/liker/v1/GetDiskUsageResponse.ts';
import { layerOf, makeImage, serveImage, type TestImage } from './harness/images.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

/** CPU time in one turn of the daemon's event loop, which depends less on other load than its delay. Generous: a loop that hangs takes seconds. */
const longestTurnMs = 500;

const s = suite();
let registry: FakeRegistry;
before(async () => {
  registry = await FakeRegistry.start();
});
after(() => registry[Symbol.asyncDispose]());

const stored = (name: string): string[] => readdirSync(join(s.daemon.root, name));

/** Bytes that gzip cannot make smaller. */
function image(...names: readonly string[]): TestImage {
  return makeImage(names.map((name) => layerOf({ [name]: randomBytes(300_000) })));
}

const blobRequests = ({ digest }: { readonly digest: string }) =>
  registry.seen.filter(({ line }) => line.startsWith('GET ') && line.endsWith(`/blobs/${digest}`));

test('an image is pulled, is known by its digest, and is not pulled again', async () => {
  const made = image('a', 'b');
  serveImage(registry, made, '1');
  const name = `${registry.host}/library/once:1`;
  const lines = (await s.ok(['pull', name])).split('\n');
  const short = made.layers.map(({ digest }) => `${digest.slice(7, 19)}: Pull complete`);
  assert.deepEqual(lines.slice(1, 3).toSorted(), short.toSorted());
  const digest = digestOf(made.manifest);
  assert.deepEqual(
    [lines[0], ...lines.slice(3)],
    ['1: Pulling from library/once', `Digest: ${digest}`, `Status: Downloaded newer image for ${name}`, name],
  );
  registry.seen.length = 0;
  assert.match(await s.ok(['pull', name]), /Status: Image is up to date for /);
  assert.deepEqual(
    registry.lines.filter((line) => line.startsWith('GET ')),
    [],
  );
  assert.equal(await s.ok(['images', '--digests', '--format', '{{.Digest}}']), digest);
  assert.equal(
    await s.ok(['image', 'inspect', '-f', '{{.Id}}', `${registry.host}/library/once@${digest}`]),
    made.id,
  );
  // Another tag of the same image: no layer comes again.
  serveImage(registry, made, '2');
  const again = await s.ok(['pull', `${registry.host}/library/once:2`]);
  for (const { digest: layer } of made.layers)
    assert.match(again, new RegExp(`${layer.slice(7, 19)}: Already exists`));
  assert.deepEqual(stored('ingest'), []);
  await s.ok(['rmi', `${registry.host}/library/once:1`, `${registry.host}/library/once:2`]);
});

test('a hundred pulls at once fetch and unpack each layer once, and the event loop goes on', async (t) => {
  const busyMs = async (): Promise<number> => {
    const info = await s.api.call<{ eventLoopBusyMaxMs: number }>((done) => s.api.system.GetInfo({}, done));
    return info.eventLoopBusyMaxMs;
  };
  const before = await busyMs();
  const made = makeImage(['c', 'd', 'e'].map((name) => layerOf({ [name]: randomBytes(16 << 20) })));
  serveImage(registry, made, 'many');
  registry.seen.length = 0;
  const reference = `${registry.host}/many:many`;
  const pulls = Array.from({ length: 100 }, () => s.api.pull({ reference }));
  for (const frames of await Promise.all(pulls)) assert.equal(frames.at(-1)?.done?.image?.id, made.id);
  for (const layer of made.layers) assert.equal(blobRequests(layer).length, 1);
  const busy = await busyMs();
  t.diagnostic(`the loop was busy for ${busy.toFixed(0)} ms at most, and ${before.toFixed(0)} ms before`);
  assert.ok(busy < longestTurnMs, `${busy} ms, and ${before} ms before`);
  await s.ok(['rmi', reference]);
});

test('a daemon that is killed in the middle of a pull goes on where it was, which a prune has left alone', async () => {
  const made = image('e');
  const [layer] = made.layers;
  assert.ok(layer);
  serveImage(registry, made, 'killed');
  registry.seen.length = 0;
  let isSlow = true;
  registry.instead = (request, response, { pathname }) => {
    if (!isSlow || !pathname.endsWith(layer.digest)) return false;
    return sendRange(request, response, layer.bytes, 200_000);
  };
  const reference = `${registry.host}/killed:killed`;
  const pulling = s.start(['pull', reference]);
  const file = join(s.daemon.root, 'ingest', layer.digest.replace(':', '-'));
  await until('bytes of the layer', () => existsSync(file) && statSync(file).size === 200_000);
  await s.ok(['image', 'prune', '-f']);
  assert.equal(existsSync(file), true);
  await s.daemon.kill9();
  isSlow = false;
  await s.daemon.start();
  // likerctl has waited for the next daemon.
  const { code, stdout, stderr } = await pulling.outcome;
  assert.deepEqual([code, stderr], [0, '']);
  assert.match(stdout, /Status: Downloaded newer image/);
  const ranges = blobRequests(layer).map(({ headers }) => headers.range);
  assert.equal(ranges.at(-1), 'bytes=200000-');
  assert.equal(await s.ok(['image', 'inspect', '-f', '{{.Id}}', reference]), made.id);
  assert.deepEqual(stored('ingest'), []);
  await s.ok(['rmi', reference]);
});

test('a layer that came by several connections when the daemon was killed goes on at its first gap', async () => {
  const mib = 1 << 20;
  const made = makeImage([layerOf({ large: randomBytes(48 * mib) })]);
  const [layer] = made.layers;
  assert.ok(layer);
  serveImage(registry, made, 'gaps');
  registry.seen.length = 0;
  let isSlow = true;
  // One connection brings a megabyte and then bit by bit. Of several, the first stays behind the others.
  registry.instead = (request, response, { pathname }) => {
    if (!isSlow || !pathname.endsWith(layer.digest)) return false;
    const { range } = request.headers;
    if (range !== undefined && rangeStart(request) >= 8 * mib) return false;
    sendRange(request, response, layer.bytes, mib);
    let at = rangeStart(request) + mib;
    const trickle = setInterval(() => response.write(layer.bytes.subarray(at, ++at)), 100);
    response.on('close', () => clearInterval(trickle));
    return true;
  };
  const reference = `${registry.host}/gaps:gaps`;
  const pulling = s.start(['pull', reference]);
  const file = join(s.daemon.root, 'ingest', layer.digest.replace(':', '-'));
  await until('bytes beyond a gap', () => existsSync(`${file}.gaps`) && statSync(file).size > 30 * mib);
  await s.daemon.kill9();
  isSlow = false;
  registry.seen.length = 0;
  await s.daemon.start();
  const { code, stderr } = await pulling.outcome;
  assert.equal(code, 0, stderr);
  const [first = ''] = blobRequests(layer).map(({ headers }) => headers.range ?? 'whole');
  const start = Number(/^bytes=(\d+)-$/.exec(first)?.[1]);
  assert.ok(start >= mib && start < 16 * mib, first);
  assert.deepEqual(stored('ingest'), []);
  registry.instead = () => false;
  await s.ok(['rmi', reference]);
});

test('a connection that breaks in the middle is continued', async () => {
  const made = image('f');
  const [layer] = made.layers;
  assert.ok(layer);
  serveImage(registry, made, 'broken');
  registry.seen.length = 0;
  registry.instead = (request, response, { pathname }) => {
    if (!pathname.endsWith(layer.digest) || rangeStart(request) > 0) return false;
    sendRange(request, response, layer.bytes, 100_000);
    setImmediate(() => request.socket.destroySoon());
    return true;
  };
  await s.ok(['pull', '-q', `${registry.host}/broken:broken`]);
  const begin = blobRequests(layer).map(({ headers }) => headers.range ?? '');
  assert.equal(begin[0], '');
  assert.ok(begin.length > 1 && begin.slice(1).every((range) => /^bytes=\d+-$/.test(range)), begin.join());
  registry.instead = () => false;
  await s.ok(['rmi', `${registry.host}/broken:broken`]);
});

test('bytes that are not those of the layer are refused, and not kept for the next pull', async () => {
  const [made, other] = [image('g'), image('h')];
  const [layer, wrong] = [made.layers[0], other.layers[0]];
  assert.ok(layer && wrong);
  serveImage(registry, made, 'wrong');
  const bytes =
    wrong.bytes.length >= layer.bytes.length ? wrong.bytes.subarray(0, layer.bytes.length) : wrong.bytes;
  registry.instead = (request, response, { pathname }) =>
    pathname.endsWith(layer.digest) &&
    sendRange(request, response, Buffer.concat([bytes, Buffer.alloc(layer.bytes.length - bytes.length)]));
  const reference = `${registry.host}/wrong:wrong`;
  const { code, stderr } = await s.likerctl(['pull', reference]);
  assert.equal(code, 1, stderr);
  assert.deepEqual([stored('ingest'), stored('layers')], [[], []]);
  assert.equal(await s.ok(['images', '-q']), '');
  registry.instead = () => false;
  await s.ok(['pull', '-q', reference]);
  await s.ok(['rmi', reference]);
});

test('of an index the image for the platform is taken, and others are refused with the list of what there is', async () => {
  const [here, there] = [image('i'), makeImage([layerOf({ j: 'j' })], { platform: 'arm64' })];
  for (const made of [here, there]) serveImage(registry, made, digestOf(made.manifest));
  const entry = ({ manifest }: TestImage, architecture: string) => ({
    mediaType: manifestType,
    digest: digestOf(manifest),
    size: manifest.length,
    platform: { os: 'linux', architecture },
  });
  const index = {
    schemaVersion: 2,
    mediaType: indexType,
    manifests: [entry(there, 'arm64'), entry(here, 'amd64')],
  };
  const { digest } = registry.addDocument(index, indexType, 'index');
  const reference = `${registry.host}/index:index`;
  await s.ok(['pull', '-q', reference]);
  assert.equal(
    await s.ok(['image', 'inspect', '-f', '{{.Id}}', `${registry.host}/index@${digest}`]),
    here.id,
  );
  await s.ok(['pull', '-q', '--platform', 'linux/arm64', reference]);
  assert.equal(await s.ok(['image', 'inspect', '-f', '{{.Id}}', reference]), there.id);
  const { code, stderr } = await s.likerctl(['pull', '-q', '--platform', 'linux/riscv64', reference]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /has no image for linux\/riscv64: it has linux\/amd64, linux\/arm64; choose one with --platform/,
  );
  await s.ok(['image', 'prune', '-af']);
});

test('system df adds up to what is on the disk', async () => {
  const made = image('k', 'l');
  serveImage(registry, made, 'df');
  await s.ok(['pull', '-q', `${registry.host}/df:df`]);
  const told = await s.api.call<GetDiskUsageResponse>((callback) => s.api.system.GetDiskUsage({}, callback));
  const bytes = told.usages.find(({ type }) => type === 'Images')?.sizeBytes ?? 0;
  const blocks = execFileSync('du', ['-s', '--block-size=1', 'layers', 'blobs'], {
    cwd: s.daemon.root,
    encoding: 'utf8',
  });
  const onDisk = blocks
    .trim()
    .split('\n')
    .reduce((sum, line) => sum + Number(line.split('\t')[0]), 0);
  // Folders of likerd's own, and the last blocks of small files.
  assert.ok(Math.abs(onDisk - bytes) < 64 * 1024, `${bytes} told, ${onDisk} on the disk`);
  await s.ok(['image', 'prune', '-af']);
  const after = await s.api.call<GetDiskUsageResponse>((callback) => s.api.system.GetDiskUsage({}, callback));
  assert.equal(after.usages.find(({ type }) => type === 'Images')?.sizeBytes, 0);
});
