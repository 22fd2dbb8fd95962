// What system df says of images, archives of layers, downloads, containers, logs, volumes, the database and what is left over is what du says of --root: kind by kind,
// and all together.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { GetDiskUsageResponse } from '../proto/gen/types/liker/v1/GetDiskUsageResponse.ts';
import { layerOf, layerOfFolder, makeImage, writeLayout } from './harness/images.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

const s = suite();

/** Folders that hold the files of a kind, and what tells that an image, a container or a volume is there: nothing of theirs is in these themselves. */
const structure =
  /^\.(|\/(blobs(\/sha256)?|containers|ingest|layers|recipes|set-aside|spare|trash|volumes))$|^\.\/containers\/\w+(\/(log|upper|work(\/work)?))?$|^\.\/spare\/.*|^\.\/volumes\/[^/]+(\/_data)?$|^\.\/(boot-id|likerd\.(lock|pid))$/;

/** The kind of what begins so; the first counts. */
const kinds: readonly (readonly [RegExp, string])[] = [
  [/^\.\/containers\/\w+\/log\//, 'Logs'],
  [/^\.\/containers\//, 'Containers'],
  [/^\.\/(layers|recipes|blobs)\//, 'Images'],
  [/^\.\/ingest\//, 'Downloads'],
  [/^\.\/volumes\//, 'Local Volumes'],
  [/^\.\/trash\//, 'Removed'],
  [/^\.\/liker\.db/, 'Database'],
];
const kindOf = (path: string): string =>
  isArchive(path) ? 'Archives' : (kinds.find(([start]) => start.test(path))?.[1] ?? 'Unknown');

/** The other blobs are JSON. */
const isArchive = (path: string): boolean =>
  path.startsWith('./blobs/') && readFileSync(join(s.daemon.root, path), 'latin1')[0] !== '{';

/** Bytes on the disk, by kind, each file once. */
function found(): Map<string, number> {
  const seen = new Set<string>();
  const bytes = new Map<string, number>();
  const lines = execFileSync('find', ['.', '-printf', '%D:%i %b %p\\n'], {
    cwd: s.daemon.root,
    encoding: 'utf8',
  });
  for (const line of lines.trim().split('\n')) {
    const [, file = '', blocks = '0', path = ''] = /^(\S+) (\d+) (.*)$/.exec(line) ?? [];
    if (structure.test(path) || seen.has(file)) continue;
    seen.add(file);
    bytes.set(kindOf(path), (bytes.get(kindOf(path)) ?? 0) + Number(blocks) * 512);
  }
  return bytes;
}

async function told(): Promise<Map<string, number>> {
  const { usages } = await s.api.call<GetDiskUsageResponse>((done) => s.api.system.GetDiskUsage({}, done));
  return new Map(usages.map(({ type, sizeBytes }) => [type, Number(sizeBytes)]));
}

/** A block for the folder of each layer, and the rest of the last one of each blob, whose bytes are told. */
const tolerance = (): number =>
  4096 * ['layers', 'blobs/sha256'].flatMap((folder) => readdirSync(join(s.daemon.root, folder))).length;

async function agree(): Promise<ReadonlyMap<string, number>> {
  await until('what was removed to be gone', async () => (await told()).get('Removed') === 0);
  const [onDisk, all] = [found(), await told()];
  for (const kind of new Set([...onDisk.keys(), ...all.keys()])) {
    const [is, says] = [onDisk.get(kind) ?? 0, all.get(kind) ?? 0];
    assert.ok(
      Math.abs(is - says) <= (['Images', 'Archives'].includes(kind) ? tolerance() : 0),
      `${kind}: ${says} told, ${is} on the disk`,
    );
  }
  return all;
}

const mib = 1024 * 1024;

test('system df says what du says, of every kind', async () => {
  await agree();
  const layers = [{ a: Buffer.alloc(3 * mib, 'a') }, { b: Buffer.alloc(mib, 'b'), c: 'c' }].map(layerOf);
  const layout = s.folder('layout');
  writeLayout(layout, makeImage(layers), 'kept:1');
  await s.ok(['load', '-q', '--keep-blobs', '-i', layout]);
  await s.ok(['import', '-', 'base'], { stdin: layerOfFolder(s.rootfs) });
  const write =
    'head -c 1500000 /dev/urandom >/one; ln /one /two; truncate -s 1G /hole; mkdir /many; for i in 1 2 3 4 5; do echo $i >/many/$i; done';
  const run = (...args: string[]) => s.ok(['run', ...args]);
  await run('--name', 'writer', 'base', 'sh', '-c', `${write}; seq 20000`);
  await run(
    '--name',
    'filler',
    '-v',
    'named:/v',
    '-v',
    '/anonymous',
    'base',
    'sh',
    '-c',
    'head -c 700000 /dev/urandom >/v/x; echo y >/anonymous/y',
  );
  await run('-d', '--name', 'runner', 'base', 'sh', '-c', 'echo here; exec sleep 1000');
  await s.ok(['commit', 'writer', 'made']);
  const all = await agree();
  for (const kind of ['Images', 'Archives', 'Containers', 'Logs', 'Local Volumes', 'Database'])
    assert.ok((all.get(kind) ?? 0) > 0, kind);
  // A hole takes nothing, and a file with two names is there once.
  assert.ok((all.get('Containers') ?? 0) < 2 * mib);
  const sizes = await s.ok(['ps', '-as', '--format', '{{.Names}} {{.Size}}']);
  assert.match(sizes, /^writer 1\.5\dMB$/m);
  assert.match(sizes, /^runner 0B$/m);
  const lists = await s.ok(['system', 'df', '-v']);
  assert.match(lists, /^Images space usage:\n\nREPOSITORY .* SIZE +SHARED SIZE +UNIQUE SIZE +CONTAINERS\n/);
  assert.match(lists, /^base +latest .* (\S+MB) +\1 +0B +3$/m);
  assert.match(lists, /^made +latest .*MB +1\.5\dMB +0$/m);
  assert.match(lists, /^\nContainers space usage:\n\nCONTAINER ID .* LOCAL VOLUMES +SIZE /m);
  assert.match(lists, /^\nLocal Volumes space usage:\n\nVOLUME NAME +LINKS +SIZE\n/m);
  assert.match(lists, /^named +1 +70\dkB$/m);

  // A download that likerd was killed in, with a gap in it, and what nobody knows.
  const ingest = (name: string) => join(s.daemon.root, 'ingest', name);
  const half = `sha256-${'a'.repeat(64)}`;
  writeFileSync(ingest(half), Buffer.alloc(mib, 'x'));
  truncateSync(ingest(half), 4 * mib);
  writeFileSync(ingest(`${half}.gaps`), '0000000000000001');
  const strange = join(s.daemon.root, 'strange');
  mkdirSync(strange);
  writeFileSync(join(strange, 'file'), Buffer.alloc(mib, 'x'));
  linkSync(join(strange, 'file'), join(strange, 'twin'));
  const more = await agree();
  assert.ok((more.get('Downloads') ?? 0) > mib && (more.get('Downloads') ?? 0) < 2 * mib);
  rmSync(strange, { recursive: true });

  await s.ok(['rm', '-f', '-v', 'writer', 'filler', 'runner']);
  await s.ok(['volume', 'rm', 'named']);
  await s.ok(['image', 'prune', '-af']);
  const after = await agree();
  for (const kind of ['Images', 'Archives', 'Downloads', 'Containers', 'Logs', 'Local Volumes'])
    assert.equal(after.get(kind), 0, kind);
});
