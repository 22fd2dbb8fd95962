import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

const native = join(import.meta.dirname, '..');
const program = join(native, 'build/in-root');
let folder = '';
let root = '';

before(() => {
  execFileSync('make', ['-s', '-C', native, 'build/in-root']);
  folder = mkdtempSync('/tmp/liker-in-root-');
  root = join(folder, 'root');
  mkdirSync(join(root, 'a/b/c'), { recursive: true });
  mkdirSync(join(folder, 'outside'));
  writeFileSync(join(folder, 'outside/secret'), 'secret');
  writeFileSync(join(root, 'a/file'), 'file');
  const links: readonly (readonly [string, string])[] = [
    ['up', '../../../../..'],
    ['absolute', '/a/b'],
    ['out', join(folder, 'outside')],
    ['a/relative', 'b/c'],
    ['a/back', '../a/b/../file'],
    ['loop', 'loop'],
    ['chain', 'absolute/../relative'],
    ['dangling', 'nothing/here'],
  ];
  for (const [name, to] of links) symlinkSync(to, join(root, name));
});
after(() => rmSync(folder, { recursive: true }));

/** The result: a path inside the root, or an errno. */
function find(verb: string, path: string, within = root): string {
  const found = execFileSync(program, [verb, within, path], { encoding: 'utf8' }).trim();
  return found.startsWith(within) ? found.slice(within.length) || '/' : found;
}

const cases: readonly (readonly [string, string])[] = [
  ['/', '/'],
  ['a/b', '/a/b'],
  ['/a//b/./c/', '/a/b/c'],
  ['..', '/'],
  ['../../..', '/'],
  ['a/../../../a/file', '/a/file'],
  ['up/a/file', '/a/file'],
  ['up/up/up', '/'],
  ['absolute/c', '/a/b/c'],
  ['absolute', '/a/b'],
  ['out', 'ENOENT'],
  ['out/secret', 'ENOENT'],
  ['a/relative', '/a/b/c'],
  ['a/relative/..', '/a/b'],
  ['a/back', '/a/file'],
  ['chain', '/a/b/c'],
  ['loop', 'ELOOP'],
  ['dangling', 'ENOENT'],
  ['a/file/x', 'ENOTDIR'],
  ['a/file/..', 'ENOTDIR'],
  ['nothing', 'ENOENT'],
];

for (const verb of ['open', 'walk'])
  test(`T10: paths stay inside the root, by ${verb === 'open' ? 'openat2' : 'the walk'}`, () => {
    for (const [path, wanted] of cases) assert.equal(find(verb, path), wanted, path);
    assert.equal(find(verb, 'a'.repeat(5000)), 'ENAMETOOLONG');
    assert.equal(find(verb, ''), 'ENOENT');
  });

test('T10: the walk refuses the magic links of procfs, as openat2 does', () => {
  for (const verb of ['open', 'walk']) assert.equal(find(verb, `${process.pid}/cwd`, '/proc'), 'ELOOP');
});

test('T10: the walk opens a file for reading', () => {
  assert.equal(find('walk-read', 'a/back'), '/a/file');
  assert.equal(find('walk-read', 'up/a'), '/a');
});

test('T9: missing paths are made inside the root, never through a link out of it', () => {
  assert.equal(find('make-directory', 'x/y/z'), '/x/y/z');
  assert.equal(find('make-file', 'up/x/new/file'), '/x/new/file');
  assert.equal(find('make-file', 'absolute/made'), '/a/b/made');
  assert.equal(find('make-directory', 'a/file/x'), 'ENOTDIR');
  assert.equal(find('make-file', 'x/..'), '/');
  assert.equal(find('make-file', 'fresh/..'), '/');
  assert.equal(existsSync(join(folder, 'outside/made')), false);
});

test('T9: the target of a dangling link is made inside the root; a loop is refused', () => {
  assert.equal(find('make-file', 'dangling'), '/nothing/here');
  assert.equal(find('make-directory', 'dangling/x'), 'ENOTDIR');
  assert.equal(find('make-directory', 'out/made'), `${folder}/outside/made`);
  symlinkSync('../../../../above/../x/far', join(root, 'a/far'));
  assert.equal(find('make-file', 'a/far/file'), '/x/far/file');
  symlinkSync('a/far', join(root, 'twice'));
  assert.equal(find('make-directory', 'twice/deeper'), '/x/far/deeper');
  for (const verb of ['make-file', 'make-directory', 'walk-make-file']) {
    assert.equal(find(verb, 'loop'), 'ELOOP');
    assert.equal(find(verb, 'loop/x'), 'ELOOP');
  }
  assert.deepEqual(readdirSync(join(folder, 'outside')), ['secret']);
});

test('T9: a path that others make and remove meanwhile is made inside the root', async () => {
  const script =
    'cd "$1"; while :; do mkdir -p race; rmdir race; ln -s ../outside race; rm race; done 2>/dev/null';
  const racer = spawn('sh', ['-c', script, 'sh', root]);
  try {
    for (let round = 0; round < 40; round++) {
      const made = find('make-directory', 'race/deep');
      assert.match(made, /^(\/race\/deep|\/outside\/deep|ENOENT|EAGAIN)/);
    }
  } finally {
    racer.kill('SIGKILL');
    await once(racer, 'exit');
  }
  assert.deepEqual(readdirSync(join(folder, 'outside')), ['secret']);
});
