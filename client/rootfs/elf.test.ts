import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { LikerError } from '../../common/errors.ts';
import { fixtureElf } from '../test/elf.ts';
import { isElf, readElf } from './elf.ts';

const bash = readFileSync('/bin/bash');

function assertRefused(bytes: Buffer, why: RegExp): void {
  assert.throws(
    () => readElf(bytes, 'some-file'),
    (error: unknown) =>
      error instanceof LikerError &&
      error.reason === 'BAD_ROOTFS' &&
      error.message.includes("'some-file'") &&
      why.test(error.message),
  );
}

test("bash's loader and libraries are read", () => {
  const { interpreter, needed, machine } = readElf(bash, '/bin/bash');
  assert.match(interpreter ?? '', /^\/lib.*\/ld-linux.*\.so\.\d$/);
  assert.ok(needed.some((name) => /^libc\.so\.6$/.test(name)));
  assert.equal(machine, process.arch === 'arm64' ? 183 : 62);
});

test('search paths are split at colons, and a library has no loader', () => {
  const elf = readElf(
    fixtureElf({ needed: ['libone.so', 'libtwo.so'], runpath: '$ORIGIN/../lib:/opt/lib', rpath: '/r' }),
    'x',
  );
  assert.deepEqual(elf.needed, ['libone.so', 'libtwo.so']);
  assert.deepEqual(elf.runpath, ['$ORIGIN/../lib', '/opt/lib']);
  assert.deepEqual(elf.rpath, ['/r']);
  assert.equal(elf.interpreter, undefined);
  assert.equal(readElf(fixtureElf({ interpreter: '/lib/ld.so' }), 'x').interpreter, '/lib/ld.so');
});

test('a file that is not ELF is refused', () => {
  assert.equal(isElf(Buffer.from('#!/bin/sh\n')), false);
  assert.equal(isElf(Buffer.alloc(0)), false);
  assertRefused(Buffer.from('#!/bin/sh\n'), /not an ELF file/);
});

test('a 32-bit or big-endian file is refused', () => {
  const narrow = Buffer.from(bash.subarray(0, 64));
  narrow[4] = 1;
  assertRefused(narrow, /64-bit/);
});

test('a file that is truncated anywhere in its headers is refused, and never read past its end', () => {
  for (let length = 6; length < 64 + 56 * 3; length += 1) {
    assertRefused(bash.subarray(0, length), /damaged or cut off/);
  }
});

test('invalid headers are refused or harmless', () => {
  for (let at = 16; at < 512; at += 1) {
    const bytes = Buffer.from(bash.subarray(0, 64 * 1024));
    bytes.fill(0xff, at, at + 8);
    try {
      readElf(bytes, 'nonsense');
    } catch (error) {
      assert.ok(error instanceof LikerError, String(error));
    }
  }
});
