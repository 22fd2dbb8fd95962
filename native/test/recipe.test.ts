// liker-pack makes the archive of a layer again from the recipe that liker-unpack wrote. As root, in folders of its own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { pack, packRefusal } from './packed.ts';
import { entryBytes, type TarEntry, tar, tarTail } from './tar.ts';
import { unpack, liker as unpacker } from './unpacked.ts';

const top = mkdtempSync(join(tmpdir(), 'liker-recipe-'));
after(() => rmSync(top, { recursive: true, force: true }));

let count = 0;
const folder = () => join(top, String(count++));

/** Requires that the archive comes again, the same bytes, and returns how long its recipe is. */
function requireSame(archive: Buffer, ...options: readonly string[]): number {
  const { target, recipe } = unpack(folder(), archive, ...options);
  const { bytes } = pack(['recipe'], { recipe, folder: target });
  const left = readdirSync(target).filter((name) => name.startsWith('.liker'));
  assert.deepEqual(left, []);
  assert.ok(bytes.equals(archive), `it has ${bytes.length} bytes instead of ${archive.length}, or others`);
  return statSync(recipe).size;
}

const noise = (size: number) => randomBytes(size);

describe('an archive comes again', () => {
  const archives: Readonly<Record<string, readonly TarEntry[]>> = {
    'of files of any size': [0, 1, 511, 512, 513, 262_143, 262_144, 262_145, 3_000_001].map((size) => ({
      name: `file${size}`,
      data: noise(size),
    })),
    'that is empty': [],
    'with an entry that replaces another': [
      { name: 'a', data: noise(5000) },
      { name: 'b', data: 'b' },
      { name: 'a', data: noise(6000) },
    ],
    'with an entry that replaces another by the same': [
      { name: 'a', data: 'same' },
      { name: 'a', data: 'same' },
    ],
    'with a file that a folder, a link or a pipe replaces': [
      { name: 'a', data: noise(1000) },
      { name: 'b', data: noise(1000) },
      { name: 'c', data: noise(1000) },
      { name: 'a', type: '5' },
      { name: 'b', type: '2', target: 'a' },
      { name: 'c', type: '6' },
      { name: 'a/x', data: noise(1000) },
    ],
    'with a folder of files that a file replaces': [
      { name: 'd', type: '5' },
      { name: 'd/a', data: noise(1000) },
      { name: 'd/e/b', data: noise(1000) },
      { name: 'd', data: noise(1000) },
    ],
    'with a file that goes on under the name of a hard link': [
      { name: 'a', data: noise(1000) },
      { name: 'b', type: '1', target: 'a' },
      { name: 'a', data: noise(1000) },
    ],
    'with files below a link that leads elsewhere later': [
      { name: 'one', type: '5' },
      { name: 'two', type: '5' },
      { name: 'link', type: '2', target: 'one' },
      { name: 'link/a', data: noise(1000) },
      { name: 'link', type: '2', target: 'two' },
      { name: 'link/a', data: noise(1000) },
    ],
    'with files that go with the folder of a folder, and come again': [
      { name: 'd/e/f', data: noise(1000) },
      { name: 'd/e/g', data: noise(1000) },
      { name: 'd/e/f', data: noise(1000) },
      { name: 'd', type: '2', target: 'other' },
      { name: 'd/e/f', data: noise(1000) },
      { name: 'other/e/f', data: noise(1000) },
    ],
    'with a link to its root, and names through that': [
      { name: 'root', type: '2', target: '/' },
      { name: 'root/a', data: noise(1000) },
      { name: 'root/b/c', data: noise(1000) },
      { name: 'a', data: noise(1000) },
      { name: 'b', data: noise(1000) },
    ],
    'with contents of whiteouts and of hard links': [
      { name: '.wh.gone', data: noise(1000) },
      { name: '.wh..wh.plnk/x', data: noise(300_000) },
      { name: 'a', data: noise(1000) },
      { name: 'b', type: '1', target: 'a', data: noise(700), pax: { comment: 'x' } },
      { name: 'c', data: noise(1000) },
    ],
    'with names that are cleaned': [
      { name: './/a/../../b', data: noise(1000) },
      { name: '/etc/passwd', data: noise(1000) },
      { name: '../../c', data: noise(1000) },
    ],
    'with headers of pax and GNU': [
      { name: 'p', data: noise(1000), pax: { comment: 'x'.repeat(100_000), mtime: '1.5' } },
      { name: `${'n'.repeat(200)}`, gnu: true, data: noise(1000) },
    ],
  };
  for (const [what, entries] of Object.entries(archives))
    test(what, () => {
      requireSame(tar(...entries));
    });

  test('whatever follows its end, or is missing there', () => {
    const entry = entryBytes({ name: 'a', data: noise(1000) });
    requireSame(entry);
    requireSame(entry.subarray(0, 512 + 1000));
    requireSame(Buffer.concat([entry, tarTail, noise(1_000_000)]));
    requireSame(Buffer.concat([entry, Buffer.alloc(10_240)]));
    // Bytes of one file are put where the padding of another is, as nobody writes them.
    const padding = Buffer.from(entry);
    padding.fill(7, 512 + 1000);
    requireSame(Buffer.concat([padding, tarTail]));
  });

  test('that came through a pipe, and has what replaced others', () => {
    const archive = tar(
      { name: 'a', data: noise(300_000) },
      { name: 'd/b', data: 'b' },
      { name: 'a', data: 'a' },
      { name: 'd' },
    );
    const at = folder();
    const [target, recipe] = [join(at, 'target'), join(at, 'recipe')];
    mkdirSync(target, { recursive: true });
    const script = 'cat | { exec 3<&0; "$1" --recipe </dev/null 4<"$2" 5<>"$3"; }';
    execFileSync('sh', ['-c', script, 'sh', unpacker, target, recipe], { input: archive });
    assert.ok(pack(['recipe'], { recipe, folder: target }).bytes.equals(archive));
  });

  test('in pieces of any size', () => {
    const sizes = Array.from({ length: 600 }, (_, at) => at * 7);
    requireSame(tar(...sizes.map((size) => ({ name: `f${size}`, data: noise(size) }))));
  });

  for (const form of ['gnu', 'pax', 'oldgnu', 'posix'])
    test(`with holes, as GNU tar writes it in the form ${form}`, () => {
      const from = folder();
      execFileSync('mkdir', ['-p', from]);
      const holes = join(from, 'holes');
      for (let at = 0; at < 40; at++)
        execFileSync(
          'dd',
          ['if=/dev/urandom', `of=${holes}`, 'bs=5000', 'count=1', 'conv=notrunc', `seek=${at * 30}`],
          {
            stdio: 'ignore',
          },
        );
      truncateSync(holes, 10_000_000);
      requireSame(
        execFileSync('tar', ['-C', from, `--format=${form}`, '-cSf', '-', '.'], { maxBuffer: 1 << 26 }),
      );
    });
});

test('a recipe has no contents of files, except those that are gone', () => {
  const data = noise(1_000_000);
  assert.ok(requireSame(tar({ name: 'a', data }, { name: 'b', data: noise(100) })) < 1000);
  assert.ok(requireSame(tar({ name: 'a', data }, { name: 'a', data: noise(100) })) > 1_000_000);
  assert.ok(requireSame(tar({ name: 'a', data: noise(100) }, { name: 'a', data })) < 1000);
});

describe('an archive that is made again', () => {
  const plain = tar({ name: 'a', data: noise(100_000) }, { name: 'b', data: Buffer.alloc(1_000_000) });
  const layer = unpack(folder(), zstdCompressSync(plain));
  const input = { recipe: layer.recipe, folder: layer.target };

  test('is compressed as asked, the same each time, and says what it was before', () => {
    for (const [compression, plainOf] of Object.entries({ gzip: gunzipSync, zstd: zstdDecompressSync })) {
      const { bytes, archive } = pack(['recipe', '--compression', compression], input);
      assert.ok(plainOf(bytes).equals(plain));
      assert.ok(bytes.length < plain.length / 2);
      assert.deepEqual([archive.diffId, archive.unpacked], [layer.layer.diffId, plain.length]);
      assert.ok(pack(['recipe', '--compression', compression], input).bytes.equals(bytes));
    }
    const { bytes, archive } = pack(['recipe', '--compression', 'none'], input);
    assert.ok(bytes.equals(plain));
    assert.equal(archive.digest, archive.diffId);
  });

  test('of gzip tells nothing of its making: no time, no name', () => {
    const { bytes } = pack(['recipe', '--compression', 'gzip'], input);
    assert.deepEqual([...bytes.subarray(0, 8)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
  });
});

describe('liker-pack refuses', () => {
  const data = noise(10_000);
  const make = () => unpack(folder(), tar({ name: 'd/a', data }));
  const refused = ({ target, recipe }: { readonly target: string; readonly recipe: string }) =>
    packRefusal(['recipe'], { recipe, folder: target });

  test('a file that is shorter, gone, or something else', () => {
    const shorter = make();
    truncateSync(join(shorter.target, 'd/a'), 9_999);
    const gone = make();
    rmSync(join(gone.target, 'd/a'));
    const folderInstead = make();
    rmSync(join(folderInstead.target, 'd'), { recursive: true });
    writeFileSync(join(folderInstead.target, 'd'), '');
    const pipe = make();
    rmSync(join(pipe.target, 'd/a'));
    execFileSync('mkfifo', [join(pipe.target, 'd/a')]);
    const link = make();
    rmSync(join(link.target, 'd/a'));
    symlinkSync('/etc/passwd', join(link.target, 'd/a'));
    for (const layer of [shorter, gone, folderInstead, pipe, link]) {
      const { error, path, message } = refused(layer);
      assert.deepEqual([error, path], ['BAD_ARCHIVE', 'd/a']);
      assert.equal(
        message,
        "Cannot rebuild the archive of the layer: its file 'd/a' has been changed or removed",
      );
    }
  });

  test('a recipe that is cut off, or none', () => {
    const layer = make();
    const bytes = readFileSync(layer.recipe);
    const plain = zstdDecompressSync(bytes);
    const recipes = [
      Buffer.alloc(0),
      gzipSync(plain),
      Buffer.from('liker recipe 1\n'),
      zstdCompressSync(Buffer.from('something else')),
      ...[0, 10, 100, plain.length - 1].map((end) => zstdCompressSync(plain.subarray(0, end))),
      ...[20, bytes.length - 10].map((end) => bytes.subarray(0, end)),
    ];
    for (const recipe of recipes) {
      writeFileSync(layer.recipe, recipe);
      const { error, message } = refused(layer);
      assert.equal(error, 'BAD_ARCHIVE', `${recipe.length} bytes`);
      assert.equal(message, 'Cannot rebuild the archive of the layer: its recipe is damaged');
    }
  });

  test('a name that leads out of the layer: it is one inside', () => {
    const layer = make();
    const plain = zstdDecompressSync(readFileSync(layer.recipe));
    const at = plain.indexOf('d/a', 100);
    const name = '/etc/hostname';
    const record = Buffer.from(plain.subarray(at - 24, at));
    record.writeUInt16LE(name.length, 2);
    const changed = Buffer.concat([
      plain.subarray(0, at - 24),
      record,
      Buffer.from(name),
      plain.subarray(at + 3),
    ]);
    writeFileSync(layer.recipe, zstdCompressSync(changed));
    assert.equal(refused(layer).path, name);
  });
});
