// Names that lead out of a layer, or seem to; names of every length and kind; several entries with one name.
import assert from 'node:assert/strict';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type TarEntry, tar } from './tar.ts';
import { refusal, run, tree, unpack } from './unpacked.ts';

const top = mkdtempSync(join(tmpdir(), 'liker-unpack-'));
after(() => rmSync(top, { recursive: true, force: true }));

let count = 0;
const folder = () => join(top, String(count++));
const dir = (name: string): TarEntry => ({ name, type: '5', mode: 0o755 });
const link = (name: string, target: string): TarEntry => ({ name, type: '2', target });
const hard = (name: string, target: string): TarEntry => ({ name, type: '1', target });

function laidOut(...entries: readonly TarEntry[]): string[] {
  const { target } = unpack(folder(), tar(...entries));
  return [...tree(target)].slice(1).map(([path, node]) => {
    if (node.type === 'link') return `${path} -> ${node.target}`;
    if (node.type === 'file' && node.first !== path) return `${path} = ${node.first}`;
    return node.type === 'folder' ? `${path}/` : path;
  });
}

describe('nothing is made outside the layer', () => {
  /** Unpacks beside a folder "outside", in which nothing may change. */
  function outside(make: (path: string) => readonly TarEntry[]): string[] {
    const at = folder();
    const secret = join(top, `outside-${count}`, 'secret');
    unpack(join(top, `outside-${count}`), tar());
    writeFileSync(secret, 'as it was', { mode: 0o640 });
    const before = lstatSync(secret);
    const { target } = run(at, tar(...make(secret)));
    const after = lstatSync(secret);
    assert.equal(readFileSync(secret, 'utf8'), 'as it was');
    const facts = ({ mode, uid, nlink, mtimeMs }: typeof before) => ({ mode, uid, nlink, mtimeMs });
    assert.deepEqual(facts(after), facts(before));
    assert.deepEqual(readdirSync(at).sort(), ['recipe', 'source', 'target']);
    return [...tree(target).keys()].slice(1);
  }
  const up = '../'.repeat(20);
  const inner = (path: string) => path.slice(1);
  const parents = (path: string) =>
    inner(path)
      .split('/')
      .map((_, i, all) => all.slice(0, i + 1).join('/'));

  test('by ".." and absolute names, which are cleaned', () => {
    assert.deepEqual(laidOut({ name: `${up}a` }, { name: '/b' }, { name: 'c/../../d' }, { name: '//./e' }), [
      'a',
      'b',
      'd',
      'e',
    ]);
    outside((path) => [{ name: up + path, data: 'changed' }]);
    let inside: string[] = [];
    const made = outside((path) => {
      inside = parents(path);
      return [{ name: path, data: 'changed' }];
    });
    assert.deepEqual(made, inside);
  });

  test('through a symbolic link that leads out: it is followed as in a container', () => {
    outside((path) => [link('l', path), { name: 'l', data: 'changed' }]);
    outside((path) => [link('l', join(path, '..')), { name: 'l/secret', data: 'changed' }]);
    outside((path) => [
      link('l', `${up}${join(path, '..')}`),
      { name: 'l/secret', data: 'changed', mode: 0o777 },
    ]);
    outside((path) => [link('l', join(path, '..')), { ...dir('l/'), uid: 5, mode: 0o777 }]);
    outside((path) => [link('a', '.'), link('a/b', '..'), { name: `a/b/${up}${path}`, data: 'changed' }]);
  });

  test('by a folder that is replaced by a link', () => {
    outside((path) => [
      dir('d'),
      { name: 'd/x' },
      link('d', join(path, '..')),
      { name: 'd/secret', data: 'changed' },
    ]);
    outside((path) => [{ ...dir('d'), mode: 0o777, uid: 5, mtime: 1 }, link('d', join(path, '..'))]);
  });

  test('by hard links, whose targets are those of the layer', () => {
    outside((path) => [hard('h', path), { name: 'h', data: 'changed' }]);
    outside((path) => [hard('h', up + path)]);
    outside((path) => [link('l', join(path, '..')), hard('h', 'l/secret')]);
    outside((path) => [link('l', path), hard('h', 'l'), { name: 'h', data: 'changed' }]);
  });

  test('by whiteouts', () => {
    outside((path) => [link('l', join(path, '..')), { name: 'l/.wh.secret' }, { name: 'l/.wh..wh..opq' }]);
    outside((path) => [{ name: `${up}${join(path, '..')}/.wh.secret` }]);
  });

  test('by a magic link of procfs', () => {
    outside((path) => [dir('proc'), link('r', '/proc/self/root'), { name: `r${path}`, data: 'changed' }]);
  });
});

test('a link in the parents is followed in the layer, and its missing target is made', () => {
  assert.deepEqual(laidOut(link('lib', 'usr/lib'), { name: 'lib/x' }), [
    'lib -> usr/lib',
    'usr/',
    'usr/lib/',
    'usr/lib/x',
  ]);
  assert.deepEqual(laidOut(link('a/lib', '/usr/lib'), { name: 'a/lib/x' }), [
    'a/',
    'a/lib -> /usr/lib',
    'usr/',
    'usr/lib/',
    'usr/lib/x',
  ]);
});

test('links in a circle, and a file among the parents, are refused', () => {
  for (const entries of [
    [link('a', 'b'), link('b', 'a'), { name: 'a/x' }],
    [{ name: 'f' }, { name: 'f/x' }],
    [{ name: 'f' }, dir('f/x')],
  ]) {
    const { error } = refusal(folder(), tar(...entries));
    assert.equal(error, 'BAD_ARCHIVE');
  }
});

test('of several entries with one name, the last counts', () => {
  const { target } = unpack(
    folder(),
    tar(
      { name: 'f', data: 'first', mode: 0o4755 },
      hard('h', 'f'),
      { name: 'f', data: 'second', mode: 0o600 },
      { ...dir('d'), mode: 0o700, uid: 4 },
      { name: 'd/x' },
      { ...dir('d'), mode: 0o755 },
      link('l', 'f'),
      { name: 'l', data: 'a file now' },
      dir('gone'),
      { name: 'gone/a/b/c' },
      { name: 'gone', data: 'a file now' },
      { name: 'e' },
      dir('e'),
      link('r', 'd'),
      { ...dir('r'), mode: 0o711 },
    ),
  );
  const nodes = tree(target);
  const read = (path: string) => readFileSync(join(target, path), 'utf8');
  assert.deepEqual([...nodes.keys()].slice(1), ['d', 'd/x', 'e', 'f', 'gone', 'h', 'l', 'r']);
  assert.deepEqual(
    [read('f'), read('h'), read('l'), read('gone')],
    ['second', 'first', 'a file now', 'a file now'],
  );
  const mode = (path: string) => nodes.get(path)?.mode.toString(8);
  assert.deepEqual([mode('f'), mode('h'), mode('d'), mode('r')], ['600', '4755', '755', '711']);
  assert.deepEqual(
    [nodes.get('d')?.uid, nodes.get('e')?.type, nodes.get('r')?.type],
    [0, 'folder', 'folder'],
  );
});

describe('a hard link', () => {
  test('may come before its target, and before another link to it', () => {
    assert.deepEqual(laidOut(hard('a', 'z'), hard('b', 'a'), hard('c', 'd'), hard('d', 'b'), { name: 'z' }), [
      'a',
      'b = a',
      'c = a',
      'd = a',
      'z = a',
    ]);
  });

  test('counts less than a later entry with its name, and more than an earlier one', () => {
    assert.deepEqual(laidOut(hard('a', 'z'), { name: 'a' }, { name: 'z' }), ['a', 'z']);
    assert.deepEqual(laidOut({ name: 'a' }, hard('a', 'z'), { name: 'z' }), ['a', 'z = a']);
  });

  test('may be repeated, and may lead to itself', () => {
    assert.deepEqual(laidOut({ name: 'a' }, hard('b', 'a'), hard('b', 'a'), hard('a', 'b'), hard('a', 'a')), [
      'a',
      'b = a',
    ]);
  });

  test('to a symbolic link is one to the link itself, even if it leads nowhere', () => {
    assert.deepEqual(laidOut(link('l', 'nowhere'), hard('h', 'l')), ['h -> nowhere', 'l -> nowhere']);
  });

  test('to what is not in the layer, or to a folder, is refused', () => {
    for (const entries of [
      [hard('a', 'b')],
      [hard('a', 'a')],
      [hard('a', 'b'), hard('b', 'a')],
      [dir('d'), hard('a', 'd')],
      [hard('a', '/')],
    ]) {
      const { error, path, message } = refusal(folder(), tar(...entries));
      assert.equal(error, 'BAD_ARCHIVE');
      assert.equal(path, 'a');
      assert.match(message, /^Cannot unpack 'a': it is a hard link to /);
    }
  });
});

describe('names', () => {
  const long = 'n'.repeat(255);
  const deep = `${`${'d'.repeat(99)}/`.repeat(12)}f`;

  test('of any length that the kernel takes: pax, GNU', () => {
    for (const name of [long, deep]) {
      const paths = [...name].flatMap((c, i) => (c === '/' ? [`${name.slice(0, i)}/`] : []));
      const head = { name: name.slice(0, 100) };
      assert.deepEqual(laidOut({ ...head, pax: { path: name } }), [...paths, name]);
      assert.deepEqual(laidOut({ name, gnu: true }), [...paths, name]);
      const short = { name: 's', type: '2' };
      assert.deepEqual(laidOut({ ...short, target: name.slice(0, 100), pax: { linkpath: name } }), [
        `s -> ${name}`,
      ]);
      assert.deepEqual(laidOut({ ...short, target: name, gnu: true }), [`s -> ${name}`]);
    }
  });

  test('by the prefix of ustar', () => {
    assert.deepEqual(laidOut({ name: 'f', patch: (header) => header.write('a/b', 345) }), [
      'a/',
      'a/b/',
      'a/b/f',
    ]);
  });

  test('that are too long for the kernel are refused', () => {
    for (const path of ['n'.repeat(256), `${'d/'.repeat(2100)}f`]) {
      const { error } = refusal(folder(), tar({ name: 'x', pax: { path } }));
      assert.equal(error, 'BAD_ARCHIVE');
    }
  });

  test('of any bytes stay as they are', () => {
    const raw = Buffer.concat([Buffer.from('b'), Buffer.from([0xff, 0x80, 0x01])]);
    for (const name of [Buffer.from('é中'), raw]) {
      for (const entry of [{ name }, { name: 'x', pax: { path: name } }]) {
        const { target } = unpack(folder(), tar(entry));
        assert.deepEqual(readdirSync(target, { encoding: 'buffer' }), [name]);
      }
    }
  });

  test('with a slash at the end are not folders for that, unless the type says so', () => {
    assert.deepEqual(laidOut({ name: 'l/', type: '2', target: 'x' }, { name: 'd', type: '5', mode: 0o755 }), [
      'd/',
      'l -> x',
    ]);
  });
});

test('a root that is no folder is refused', () => {
  for (const entry of [{ name: './', type: '2', target: 'x' }, { name: '..', type: '6' }, hard('.', 'x')])
    assert.equal(refusal(folder(), tar(entry)).error, 'BAD_ARCHIVE');
});
