// likerctl system check: what records and files disagree about is told, and repaired where nothing of value is lost by it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatBytes } from '../common/units.ts';
import { layerOf, layerOfFolder } from './harness/images.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

const s = suite();
const at = (path: string) => join(s.daemon.root, path);
const digestPath = (folder: string, digest: string) => `${folder}/${digest.replace(':', '-')}`;

interface Row {
  readonly Problem: string;
  readonly Kind: string;
  readonly Path: string;
  readonly Size: string;
  readonly Repaired: string;
  readonly Note: string;
}

/** The rows, by path, and the exit code. */
async function check(...flags: string[]): Promise<{ code: number; rows: ReadonlyMap<string, Row> }> {
  const { code, stdout, stderr } = await s.likerctl(['system', 'check', '--format', 'json', ...flags]);
  assert.equal(stderr, '');
  const rows = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
  return { code: code ?? -1, rows: new Map(rows.map((row) => [row.Path, row])) };
}

async function unknown(): Promise<string> {
  const lines = await s.ok([
    'system',
    'df',
    '--format',
    '{{.Type}} {{.TotalCount}} {{.Size}} {{.Reclaimable}}',
  ]);
  return lines.split('\n').find((line) => line.startsWith('Unknown')) ?? '';
}

/** Bytes that these take on the disk. */
function taken(paths: readonly string[]): number {
  const lines = execFileSync('du', ['-s', '--block-size=1', ...paths], {
    cwd: s.daemon.root,
    encoding: 'utf8',
  });
  return lines
    .trim()
    .split('\n')
    .reduce((sum, line) => sum + Number(line.split('\t')[0]), 0);
}

/** Nothing is told. */
async function agrees(): Promise<void> {
  assert.equal(await s.ok(['system', 'check']), 'The records and the disk agree.');
  assert.deepEqual(await check(), { code: 0, rows: new Map() });
  assert.equal(await unknown(), '');
}

test('a store with images, containers and volumes agrees with its records; so does one where calls are writing', async () => {
  await s.ok(['import', '-', 'whole'], { stdin: layerOfFolder(s.rootfs) });
  // As npm start has it.
  writeFileSync(join(s.daemon.root, 'likerd.log'), '');
  const container = await s.ok(['create', '-v', 'data:/data', 'whole', 'true']);
  await agrees();
  // Its tar has begun and never ends.
  const importing = s.start(['import', '-', 'coming'], { stdin: 'open' });
  importing.child.stdin.write(layerOfFolder(s.rootfs).subarray(0, 100_000));
  await until('the draft of the layer', () => readdirSync(at('ingest')).length > 0);
  await agrees();
  assert.equal((await check('--repair')).code, 0);
  assert.equal(readdirSync(at('ingest')).length > 0, true);
  importing.child.kill('SIGTERM');
  await importing.outcome;
  await until('the draft to be gone', () => readdirSync(at('ingest')).length === 0);
  await s.ok(['rm', container]);
  await s.ok(['volume', 'rm', 'data']);
  await s.ok(['rmi', 'whole']);
});

test('files without records are told and counted by system df; --repair removes those of images, and no others', async (t) => {
  const hex = 'a'.repeat(64);
  // The last one says where an archive has gaps that is no longer there.
  const drafts = ['ingest/left', `ingest/sha256-${hex}.gaps`];
  const ofImages = [`layers/sha256-${hex}`, `recipes/sha256-${hex}`, `blobs/sha256/${hex}`, ...drafts];
  const others = ['layers/note', 'of-somebody', `containers/${hex}`, 'volumes/stray'];
  t.after(() => {
    for (const path of [...ofImages, ...others]) rmSync(at(path), { recursive: true, force: true });
  });
  for (const path of ['', 'volumes/stray/', `containers/${hex}/`, `layers/sha256-${hex}/`])
    mkdirSync(at(path), { recursive: true });
  for (const path of [...ofImages.slice(1), ...others.slice(0, 2)]) writeFileSync(at(path), 'x'.repeat(5000));
  for (const path of [`layers/sha256-${hex}/file`, `containers/${hex}/file`]) writeFileSync(at(path), 'kept');
  for (const path of [...ofImages, ...others]) s.give(at(path));

  const first = await check();
  assert.equal(first.code, 1);
  assert.deepEqual([...first.rows.keys()].sort(), [...ofImages, ...others].sort());
  for (const { Problem, Repaired } of first.rows.values())
    assert.deepEqual([Problem, Repaired], ['strange', 'no']);
  assert.deepEqual(
    [...first.rows.values()].map(({ Path, Kind }) => [Path, Kind]).sort(),
    [
      ...[
        `blobs/sha256/${hex} blob`,
        `containers/${hex} container`,
        ...drafts.map((path) => `${path} draft`),
        'layers/note other',
      ],
      ...[
        `layers/sha256-${hex} layer`,
        'of-somebody other',
        `recipes/sha256-${hex} recipe`,
        'volumes/stray other',
      ],
    ].map((line) => line.split(' ')),
  );
  assert.equal(first.rows.get('ingest/left')?.Size, formatBytes(taken(['ingest/left'])));
  for (const path of ofImages) assert.match(first.rows.get(path)?.Note ?? '', /a repair removes it$/);
  const lines = await s.likerctl(['system', 'check']);
  assert.match(lines.stdout, /^PROBLEM +KIND +PATH +SIZE +REPAIRED +NOTE\nstrange +layer +layers\/sha256-a/);
  const [all, free] = [taken([...ofImages, ...others]), taken(ofImages)];
  const share = `${Math.floor((100 * free) / all)}%`;
  assert.equal(await unknown(), `Unknown 9 ${formatBytes(all)} ${formatBytes(free)} (${share})`);

  const repaired = await check('--repair');
  assert.equal(repaired.code, 1);
  for (const path of ofImages) assert.equal(repaired.rows.get(path)?.Repaired, 'yes', path);
  for (const path of others) assert.equal(repaired.rows.get(path)?.Repaired, 'no', path);
  for (const path of ofImages) assert.equal(existsSync(at(path)), false, path);
  for (const path of others) assert.equal(existsSync(at(path)), true, path);
  for (const path of others) rmSync(at(path), { recursive: true });
  await agrees();
});

test('an image whose layer is gone is told by its name, and --repair forgets it; one that a container has stays', async () => {
  const tars = [layerOf({ one: 'one' }), layerOfFolder(s.rootfs)] as const;
  for (const [index, name] of ['free', 'used'].entries())
    await s.ok(['import', '-', name], { stdin: tars[index] ?? '' });
  const container = await s.ok(['create', 'used', 'true']);
  const layerOfImage = async (name: string) => {
    const [diffId = ''] = JSON.parse(await s.ok(['image', 'inspect', '-f', '{{json .RootFS.Layers}}', name]));
    return digestPath('layers', diffId);
  };
  const [free, used] = [await layerOfImage('free'), await layerOfImage('used')];
  for (const path of [free, used]) rmSync(at(path), { recursive: true });

  const { code, rows } = await check();
  assert.equal(code, 1);
  assert.deepEqual([...rows.keys()].sort(), [free, used].sort());
  assert.deepEqual([rows.get(free)?.Problem, rows.get(free)?.Size], ['missing', '0B']);
  assert.equal(rows.get(free)?.Note, 'of free:latest: pull or load it again');

  const repaired = await check('--repair');
  assert.equal(repaired.code, 1);
  assert.deepEqual([repaired.rows.get(free)?.Repaired, repaired.rows.get(used)?.Repaired], ['yes', 'no']);
  assert.equal(await s.ok(['images', '--format', '{{.Repository}}']), 'used');
  await s.ok(['rm', container]);
  assert.equal((await check('--repair')).code, 0);
  assert.equal(await s.ok(['images', '-q']), '');
  await agrees();
});

test('files of another size, and folders of containers and volumes that are gone, are told', async () => {
  const id = await s.ok(['import', '-', 'large'], { stdin: layerOfFolder(s.rootfs) });
  const [diffId = ''] = JSON.parse(
    await s.ok(['image', 'inspect', '-f', '{{json .RootFS.Layers}}', 'large']),
  );
  const layer = digestPath('layers', diffId);
  const blob = `blobs/sha256/${id.slice('sha256:'.length)}`;
  const container = await s.ok(['create', '--name', 'hollow', s.rootfs, 'true']);
  await s.ok(['volume', 'create', 'lost']);
  writeFileSync(at(`${layer}/more`), Buffer.alloc(64 * 1024 * 1024, 1));
  appendFileSync(at(blob), ' ');
  rmSync(at(`containers/${container}`), { recursive: true });
  rmSync(at('volumes/lost'), { recursive: true });

  const { code, rows } = await check('--repair');
  assert.equal(code, 1);
  const told = [...rows.values()].map(({ Problem, Path, Repaired }) => `${Problem} ${Path} ${Repaired}`);
  assert.deepEqual(
    told.sort(),
    [
      `missing containers/${container} no`,
      'missing volumes/lost yes',
      `size ${blob} no`,
      `size ${layer} no`,
    ].sort(),
  );
  assert.match(rows.get(`containers/${container}`)?.Note ?? '', /^of container hollow/);
  assert.match(
    rows.get(layer)?.Note ?? '',
    /^\d+ bytes when it was stored; of large:latest: pull or load it again$/,
  );
  assert.deepEqual(readdirSync(at('volumes/lost/_data')), []);
  await s.ok(['rm', 'hollow']);
  await s.ok(['volume', 'rm', 'lost']);
  await s.ok(['rmi', 'large']);
  await agrees();
});
