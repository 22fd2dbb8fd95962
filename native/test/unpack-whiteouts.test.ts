// What a layer removes of those below it (image-spec, layer.md, "Whiteouts"), as overlayfs has it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type TarEntry, tar } from './tar.ts';
import { refusal, tree, unpack } from './unpacked.ts';

const top = mkdtempSync(join(tmpdir(), 'liker-unpack-'));
after(() => rmSync(top, { recursive: true, force: true }));

let count = 0;
const folder = () => join(top, String(count++));
const dir = (name: string): TarEntry => ({ name, type: '5', mode: 0o755 });

/** "PATH" of files, "PATH/" of folders, "PATH/ opaque", "PATH whiteout". */
function laidOut(entries: readonly TarEntry[], whiteouts = 'trusted'): string[] {
  const { target } = unpack(folder(), tar(...entries), '--whiteouts', whiteouts);
  const marks = { trusted: 'trusted.overlay.opaque', user: 'user.overlay.opaque' };
  return [...tree(target)].map(([path, { type, device, xattrs }]) => {
    const [name] = Object.keys(xattrs);
    if (name) assert.deepEqual(xattrs, { [marks[whiteouts as keyof typeof marks]]: '0x79' });
    if (type === 'character' && device === 0) return `${path} whiteout`;
    return path + (type === 'folder' ? '/' : '') + (name ? ' opaque' : '');
  });
}

/** The same in both orders. */
function both(entries: readonly TarEntry[], expected: readonly string[]): void {
  assert.deepEqual(laidOut(entries), ['./', ...expected]);
  assert.deepEqual(laidOut([...entries].reverse()), ['./', ...expected]);
}

describe('a whiteout acts on lower layers only, in whatever order', () => {
  test('a file of the layer stays', () => both([{ name: 'f' }, { name: '.wh.f' }], ['f']));

  test('a folder of the layer stays, and hides what lower layers have in theirs', () => {
    both([dir('d'), { name: '.wh.d' }, { name: 'd/f' }], ['d/ opaque', 'd/f']);
    both([{ name: '.wh.d' }, { name: 'd/f' }], ['d/ opaque', 'd/f']);
  });

  test('below a file of the layer there is nothing to remove', () => {
    assert.deepEqual(laidOut([{ name: 'e' }, { name: 'e/.wh.z' }]), ['./', 'e']);
    assert.deepEqual(laidOut([{ name: 'e/.wh.z' }, { name: 'e' }]), ['./', 'e']);
    both([{ name: 'e' }, { name: 'e/.wh..wh..opq' }], ['e']);
  });

  test('in an opaque folder, whose ghost would be seen, it is left out', () => {
    both([dir('d'), { name: 'd/.wh..wh..opq' }, { name: 'd/.wh.z' }, { name: 'd/f' }], ['d/ opaque', 'd/f']);
  });

  test('parents that are not listed are made', () => {
    both(
      [{ name: 'a/b/.wh.c' }, { name: 'x/y/.wh..wh..opq' }],
      ['a/', 'a/b/', 'a/b/c whiteout', 'x/', 'x/y/ opaque'],
    );
  });
});

test('the root can be opaque, by any spelling', () => {
  assert.deepEqual(laidOut([{ name: '.wh..wh..opq' }, { name: 'f' }]), ['./ opaque', 'f']);
  assert.deepEqual(laidOut([{ name: './.wh..wh..opq' }]), ['./ opaque']);
});

test('without root, marks are attributes of users, and whiteouts are the same', () => {
  const entries = [dir('d'), { name: 'd/.wh..wh..opq' }, { name: '.wh.z' }];
  assert.deepEqual(laidOut(entries, 'user'), ['./', 'd/ opaque', 'z whiteout']);
});

test('a whiteout has mode 0 and belongs to root, whatever the archive says', () => {
  const { target } = unpack(folder(), tar({ name: '.wh.z', mode: 0o600, uid: 5, gid: 6, data: 'x' }));
  const { mode, uid, gid } = tree(target).get('z') ?? assert.fail();
  assert.deepEqual({ mode, uid, gid }, { mode: 0, uid: 0, gid: 0 });
});

test('where nothing is removed, these names are names like others', () => {
  const entries = [{ name: '.wh.f' }, { name: '.wh..wh..opq' }, { name: '.wh.' }, { name: '.wh..wh.plnk/1' }];
  const names = ['./', '.wh.', '.wh..wh..opq', '.wh..wh.plnk/', '.wh..wh.plnk/1', '.wh.f'];
  assert.deepEqual(laidOut(entries, 'none'), names);
});

test("aufs' own files are left out", () => {
  assert.deepEqual(
    laidOut([dir('.wh..wh.orph'), { name: '.wh..wh.plnk/12.3' }, { name: 'd/.wh..wh.aufs' }]),
    ['./'],
  );
});

test('a whiteout of no name, or of a way out, is refused', () => {
  for (const name of ['.wh.', 'd/.wh.', '.wh..', '.wh...', 'd/.wh...']) {
    const { error, path } = refusal(folder(), tar({ name }));
    assert.deepEqual({ error, path }, { error: 'BAD_ARCHIVE', path: name });
  }
});
