import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LikerError } from '../../common/errors.ts';
import { expectedPrograms, interpreterOf, wantedProgram } from './programs.ts';

test('what a person expects is found, and what is missing is left out', () => {
  const names = expectedPrograms().map(({ name }) => name);
  for (const name of ['bash', 'sh', 'ls', 'ps', 'grep', 'id', 'tty', 'stty', 'mount']) {
    assert.ok(names.includes(name), name);
  }
  assert.deepEqual(expectedPrograms(['/nowhere']), []);
});

test('a program can be asked for by name or path', () => {
  assert.deepEqual(wantedProgram('env'), { name: 'env', path: '/usr/bin/env' });
  assert.deepEqual(wantedProgram('/bin/bash'), { name: 'bash', path: '/bin/bash' });
});

test('a program that is not here is an error, and so are a folder and a plain file', () => {
  for (const name of ['no-such-program', '/no/such', '/etc', '/etc/passwd', '']) {
    assert.throws(
      () => wantedProgram(name),
      (error: unknown) => error instanceof LikerError && error.message.startsWith(`Cannot add '${name}'`),
      name,
    );
  }
});

test("a script's first line is split", () => {
  assert.deepEqual(interpreterOf(Buffer.from('#!/bin/sh\nexit\n')), ['/bin/sh']);
  assert.deepEqual(interpreterOf(Buffer.from('#! /usr/bin/env python3 -u\n')), [
    '/usr/bin/env',
    'python3',
    '-u',
  ]);
  assert.deepEqual(interpreterOf(Buffer.from('\x7fELF')), []);
});
