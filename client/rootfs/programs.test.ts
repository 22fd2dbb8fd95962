import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LikerError } from '../../common/errors.ts';
import { expectedPrograms, interpreterOf, wantedProgram } from './programs.ts';

test('the usual programs are found, and missing ones are left out', () => {
  const names = expectedPrograms().map(({ name }) => name);
  for (const name of ['bash', 'sh', 'ls', 'ps', 'grep', 'id', 'tty', 'stty', 'mount']) {
    assert.ok(names.includes(name), name);
  }
  assert.deepEqual(expectedPrograms(['/nowhere']), []);
});

test('a program can be requested by name or by path', () => {
  assert.deepEqual(wantedProgram('env'), { name: 'env', path: '/usr/bin/env' });
  assert.deepEqual(wantedProgram('/bin/bash'), { name: 'bash', path: '/bin/bash' });
});

test('a missing program, a directory and a plain file are errors', () => {
  for (const name of ['no-such-program', '/no/such', '/etc', '/etc/passwd', '']) {
    assert.throws(
      () => wantedProgram(name),
      (error: unknown) => error instanceof LikerError && error.message.startsWith(`Cannot add '${name}'`),
      name,
    );
  }
});

test('the first line of a script is split into interpreter and argument', () => {
  assert.deepEqual(interpreterOf(Buffer.from('#!/bin/sh\nexit\n')), ['/bin/sh']);
  assert.deepEqual(interpreterOf(Buffer.from('#! /usr/bin/env python3 -u\n')), [
    '/usr/bin/env',
    'python3',
    '-u',
  ]);
  assert.deepEqual(interpreterOf(Buffer.from('\x7fELF')), []);
});
