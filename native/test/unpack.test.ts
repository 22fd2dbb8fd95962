// liker-unpack on archives made by hand. As root, in folders of its own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type TarEntry, tar } from './tar.ts';
import { type Node, refusal, tree, unpack } from './unpacked.ts';

const top = mkdtempSync(join(tmpdir(), 'liker-unpack-'));
after(() => rmSync(top, { recursive: true, force: true }));

let count = 0;
const folder = () => join(top, String(count++));
const digest = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** What a layer of these entries looks like on the disk. */
function laidOut(...entries: readonly TarEntry[]): Map<string, Node> {
  return tree(unpack(folder(), tar(...entries)).target);
}

const compressed = (program: string, bytes: Buffer) => execFileSync(program, ['-c'], { input: bytes });

describe('an archive', () => {
  const archive = tar({ name: 'd/', type: '5', mode: 0o755 }, { name: 'd/f', data: 'hello' });

  for (const [compression, bytes] of [
    ['none', archive],
    ['gzip', gzipSync(archive)],
    ['zstd', compressed('zstd', archive)],
    ['xz', compressed('xz', archive)],
    ['bzip2', compressed('bzip2', archive)],
  ] as const)
    test(`compressed by ${compression} has the digests of its bytes, and of the uncompressed ones`, () => {
      const { layer, target } = unpack(folder(), bytes);
      assert.deepEqual(
        { ...layer, diskBytes: 0 },
        {
          digest: digest(bytes),
          size: bytes.length,
          diffId: digest(archive),
          unpacked: archive.length,
          entries: 2,
          diskBytes: 0,
          compression,
        },
      );
      assert.deepEqual([...tree(target).keys()], ['.', 'd', 'd/f']);
    });
});

test('files, folders, links and pipes are as the archive has them', () => {
  const nodes = laidOut(
    { name: './', type: '5', mode: 0o700, uid: 7, gid: 8, mtime: 1 },
    { name: './d/', type: '5', mode: 0o3775, uid: 1, gid: 2, mtime: 1_600_000_000 },
    { name: './d/f', data: 'hello', mode: 0o4751, uid: 3, gid: 4, mtime: 1_500_000_000 },
    { name: './d/h', type: '1', target: './d/f' },
    { name: './d/l', type: '2', target: '../nowhere', mode: 0, uid: 5, gid: 6 },
    { name: './p', type: '6', mode: 0o622 },
    { name: './n', type: '3', device: [1, 3], mode: 0o666 },
  );
  const brief = [...nodes].map(([path, { type, mode, uid, gid, mtimeNs, size, target, first }]) =>
    [path, type, mode.toString(8), uid, gid, Number(mtimeNs / 1_000_000_000n), size, target, first].join(' '),
  );
  assert.deepEqual(brief, [
    '. folder 700 7 8 1 0  .',
    'd folder 3775 1 2 1600000000 0  d',
    'd/f file 4751 3 4 1500000000 5  d/f',
    'd/h file 4751 3 4 1500000000 5  d/f',
    'd/l link 777 5 6 1000000000 0 ../nowhere d/l',
    'n character 666 0 0 1000000000 0  n',
    'p pipe 622 0 0 1000000000 0  p',
  ]);
});

test('a name that is removed becomes a whiteout of overlayfs, and an opaque folder is marked', () => {
  const nodes = laidOut(
    { name: 'd/', type: '5', mode: 0o755 },
    { name: 'd/.wh..wh..opq' },
    { name: '.wh.gone' },
  );
  assert.deepEqual([...nodes.keys()], ['.', 'd', 'gone']);
  const { type, mode, device } = nodes.get('gone') ?? assert.fail();
  assert.deepEqual({ type, mode, device }, { type: 'character', mode: 0, device: 0 });
  assert.deepEqual(nodes.get('d')?.xattrs, { 'trusted.overlay.opaque': '0x79' });
});

test('what the files take on the disk is what du says, but for the folder of the layer itself', () => {
  const { layer, target } = unpack(
    folder(),
    tar(
      { name: 'd/', type: '5', mode: 0o755 },
      { name: 'd/', type: '5', mode: 0o755 },
      { name: 'd/f', data: Buffer.alloc(100_000, 1) },
      { name: 'd/h', type: '1', target: 'd/f' },
      { name: 'a/b/g', data: Buffer.alloc(9000, 1) },
      { name: 'a/b/g', data: 'shorter' },
      { name: 'l', type: '2', target: 'x'.repeat(80) },
    ),
  );
  const bytes = (path: string) =>
    Number(execFileSync('du', ['-s', '--block-size=1', path], { encoding: 'utf8' }).split('\t')[0]);
  assert.equal(layer.diskBytes, bytes(target) - lstatSync(target).blocks * 512);
});

test('an archive that is cut off in the middle of a file is refused', () => {
  const archive = tar({ name: 'f', data: Buffer.alloc(3000, 1) });
  const { error, path } = refusal(folder(), archive.subarray(0, 2000));
  assert.deepEqual({ error, path }, { error: 'BAD_ARCHIVE', path: 'f' });
});
