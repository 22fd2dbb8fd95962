// The same layers, unpacked by liker-unpack and by others, are the same entry by entry.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { requiresProgram } from '../../test/harness/requires.ts';
import { makeRoot } from './made-root.ts';
import { type Node, tree, unpack } from './unpacked.ts';

const top = mkdtempSync(join(tmpdir(), 'liker-unpack-'));
after(() => rmSync(top, { recursive: true, force: true }));

const at = (...path: readonly string[]) => join(top, ...path);
const exec = (program: string, ...args: readonly string[]) =>
  execFileSync(program, args, { maxBuffer: 1 << 30, stdio: ['ignore', 'pipe', 'pipe'] });

/** All that is not the same in both, without the folders' sizes and the parts of seconds that one of the makers does not keep. */
function assertSame(ours: Map<string, Node>, theirs: Map<string, Node>): void {
  assert.deepEqual([...ours.keys()], [...theirs.keys()]);
  for (const [path, node] of ours) assert.deepEqual(node, theirs.get(path), path);
}

describe(
  'beside GNU tar, bsdtar and umoci',
  requiresProgram('umoci', 'bsdtar', 'setcap', 'setfattr', 'busybox'),
  () => {
    const root = at('root');
    before(() => makeRoot(root));

    for (const [format, extra] of [
      ['gnu', ['-S']],
      ['pax', ['--xattrs', '--xattrs-include=*', '-S']],
      ['ustar', []],
      ['v7', []],
    ] as const)
      test(`a ${format} archive of GNU tar`, () => {
        const long = format === 'ustar' || format === 'v7' ? ['nnn*', 'deep', 'dangling'] : [];
        const special = format === 'v7' ? ['null', 'disk', 'pipe'] : [];
        const excluded = [...long, ...special].map((name) => `--exclude=${name}`);
        const archive = execFileSync(
          'tar',
          ['-c', `--format=${format}`, '--numeric-owner', ...extra, ...excluded, '-C', root, '.'],
          { maxBuffer: 1 << 28 },
        );
        const { target } = unpack(at(format), archive);
        const other = at(`${format}-tar`);
        mkdirSync(other);
        execFileSync(
          'tar',
          [
            '-xp',
            '--numeric-owner',
            ...(format === 'pax' ? ['--xattrs', '--xattrs-include=*'] : []),
            '-C',
            other,
          ],
          { input: archive },
        );
        assertSame(tree(target), tree(other));
        if (format === 'pax') assertSame(tree(target), tree(root));
      });

    test('an archive of bsdtar', () => {
      const archive = exec('bsdtar', '-c', '--format=pax', '--xattrs', '--numeric-owner', '-C', root, '.');
      assertSame(tree(unpack(at('bsdtar'), archive).target), tree(root));
    });

    test('an image of umoci, whose layers overlayfs merges', () => {
      const image = at('image');
      const umoci = (...args: readonly string[]) => exec('umoci', ...args);
      umoci('init', '--layout', image);
      umoci('new', '--image', `${image}:x`);
      umoci('insert', '--image', `${image}:x`, root, '/');
      mkdirSync(at('more/usr'), { recursive: true });
      writeFileSync(at('more/usr/new'), 'new');
      umoci('insert', '--image', `${image}:x`, '--opaque', at('more'), '/deep');
      umoci('insert', '--image', `${image}:x`, '--whiteout', '/bin/cat');
      umoci('insert', '--image', `${image}:x`, '--whiteout', '/a folder');
      umoci('insert', '--image', `${image}:x`, at('more/usr/new'), '/bin/ls');
      umoci('unpack', '--image', `${image}:x`, at('bundle'));

      const json = (digest: string) =>
        JSON.parse(readFileSync(join(image, 'blobs', digest.replace(':', '/')), 'utf8'));
      const index = JSON.parse(readFileSync(join(image, 'index.json'), 'utf8'));
      const manifest = json(index.manifests[0].digest);
      const { diff_ids } = json(manifest.config.digest).rootfs;
      const lowers = manifest.layers.map(({ digest, size }: { digest: string; size: number }, i: number) => {
        const { layer, target } = unpack(
          at(`layer${i}`),
          readFileSync(join(image, 'blobs', digest.replace(':', '/'))),
        );
        assert.deepEqual([layer.digest, layer.size, layer.diffId], [digest, size, diff_ids[i]]);
        return target;
      });
      const merged = at('merged');
      mkdirSync(merged);
      exec('mount', '-t', 'overlay', '-o', `lowerdir=${lowers.toReversed().join(':')}`, 'overlay', merged);
      try {
        assertSame(withoutMadeTimes(tree(merged)), withoutMadeTimes(tree(at('bundle/rootfs'))));
      } finally {
        exec('umount', merged);
      }
    });
  },
);

/** Without the times of folders that the tools changed or made by themselves while they put layer on layer. */
function withoutMadeTimes(nodes: Map<string, Node>): Map<string, Node> {
  return new Map(
    [...nodes].map(([path, node]) => [path, node.type === 'folder' ? { ...node, mtimeNs: 0n } : node]),
  );
}
