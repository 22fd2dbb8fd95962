import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { LikerError } from '../../common/errors.ts';
import { type FixtureElf, fixtureElf } from '../test/elf.ts';
import { configuredFolders, Libraries } from './libraries.ts';

const top = mkdtempSync(join(tmpdir(), 'liker-libraries-'));
after(() => rmSync(top, { recursive: true }));

function put(path: string, elf: FixtureElf): string {
  const full = join(top, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, fixtureElf(elf));
  return full;
}

function found(program: string): string[] {
  const libraries = new Libraries([join(top, 'lib')]);
  libraries.add(program);
  return libraries.paths.map((path) => path.replace(`${top}/`, '')).sort();
}

test('dependencies of libraries are found, once each', () => {
  const program = put('bin/plain', { needed: ['liba.so', 'libb.so'], interpreter: '/lib/ld.so' });
  put('lib/liba.so', { needed: ['libb.so', 'liba.so'] });
  put('lib/libb.so', {});
  assert.deepEqual(found(program), ['/lib/ld.so', 'lib/liba.so', 'lib/libb.so']);
});

test('a RUNPATH is searched first, and only for the file that has it', () => {
  const program = put('app/bin/own', { needed: ['libown.so', 'libdeep.so'], runpath: '$ORIGIN/../lib' });
  put('app/lib/libown.so', { needed: ['libb.so'] });
  put('app/lib/libb.so', {});
  put('lib/libb.so', {});
  put('lib/libdeep.so', {});
  assert.deepEqual(found(program), ['app/lib/libown.so', 'lib/libb.so', 'lib/libdeep.so']);
});

test('an RPATH also applies to the libraries', () => {
  const program = put('old/bin/own', { needed: ['libold.so'], rpath: '$' + '{ORIGIN}/../lib' });
  put('old/lib/libold.so', { needed: ['libolder.so'] });
  put('old/lib/libolder.so', {});
  assert.deepEqual(found(program), ['old/lib/libold.so', 'old/lib/libolder.so']);
});

test('a library for another processor is skipped', () => {
  const program = put('bin/cross', { needed: ['libcross.so'], runpath: '$ORIGIN/arm' });
  put('bin/arm/libcross.so', { machine: 183 });
  put('lib/libcross.so', {});
  assert.deepEqual(found(program), ['lib/libcross.so']);
});

test('a missing library is an error that names it and the program', () => {
  const program = put('bin/lost', { needed: ['libnowhere.so.1'] });
  assert.throws(
    () => found(program),
    (error: unknown) =>
      error instanceof LikerError && /bin\/lost': its library libnowhere\.so\.1/.test(error.message),
  );
});

test("this machine's bash needs libc and the loader", () => {
  const libraries = new Libraries();
  libraries.add('/bin/bash');
  assert.ok(libraries.paths.some((path) => path.endsWith('/libc.so.6')));
  assert.ok(libraries.paths.some((path) => /\/ld-linux.*\.so\.\d$/.test(path)));
});

test('directories are read from ld.so.conf and the files that it includes, however deeply they nest', () => {
  const file = join(top, 'ld.so.conf');
  mkdirSync(join(top, 'conf.d'));
  writeFileSync(file, `# a comment\n/one\ninclude conf.d/*.conf\ninclude ${file}\n`);
  writeFileSync(join(top, 'conf.d/b.conf'), '/three # why\n');
  writeFileSync(join(top, 'conf.d/a.conf'), '/two\n');
  assert.deepEqual(configuredFolders(file).slice(0, 3), ['/one', '/two', '/three']);
  assert.ok(configuredFolders(join(top, 'none')).includes('/usr/lib'));
});
