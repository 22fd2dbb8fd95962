import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkTexts } from '../../../../common/checks.ts';
import { LikerError } from '../../../../common/errors.ts';
import { check } from '../../../../common/schema.ts';
import type { ProcessSpecInput } from '../../../../proto/gen/types/liker/v1/ProcessSpec.ts';
import { checkProcess } from '../../../engine/containers/rules/process.ts';
import { processSchema } from '../../../engine/process/spec.ts';
import { wireProcess } from '../../../test/proto-spec.ts';
import { disconnectPolicies, wordFor } from '../words.ts';
import { parseExecProcess, parseMainProcess } from './process.ts';

function refuses(field: string, patch: ProcessSpecInput): LikerError {
  try {
    const process = parseExecProcess(wireProcess({ args: ['true'], ...patch }), 'p');
    checkTexts(process, 'p');
    checkProcess(process, 'p');
  } catch (error) {
    assert.ok(error instanceof LikerError);
    assert.equal(error.reason, 'BAD_ARGUMENT');
    assert.equal(error.field, field, JSON.stringify(patch).slice(0, 200));
    return error;
  }
  assert.fail(`${field} was taken: ${JSON.stringify(patch)}`);
}

test('empty fields inherit from the container in an exec, and mean the defaults in a main process', () => {
  const wire = wireProcess({ args: ['sh'] });
  const exec = parseExecProcess(wire, 'p');
  assert.equal(exec.cwd, null);
  assert.equal(exec.user, null);
  const main = check(processSchema, parseMainProcess(wire, 'p'), 'p');
  assert.equal(main.cwd, '/');
  assert.equal(main.user, '');
});

test('arguments reach the program unchanged', () => {
  const args = ['sh', '-c', '', 'a b', 'ü', '=', '\n'];
  assert.deepEqual(parseExecProcess(wireProcess({ args }), 'p').args, args);
  refuses('p.args', { args: [] });
  refuses('p.args[0]', { args: [''] });
  refuses('p.args[1]', { args: ['sh', 'a\0b'] });
  refuses('p', { args: ['sh', 'x'.repeat(128 * 1024)] });
  refuses('p', { args: ['sh', ...Array<string>(60).fill('x'.repeat(110_000))] });
});

test('a variable has a name, and a refusal does not reveal its value', () => {
  refuses('p.env[1]', { env: ['A=', 'NOVALUE'] });
  refuses('p.env[0]', { env: ['=x'] });
  const error = refuses('p.env[0]', { env: ['PASSWORD=hunter2\0'] });
  assert.doesNotMatch(error.message, /hunter2/);
});

test('T15: a user is USER or USER:GROUP and nothing else', () => {
  for (const user of ['a:b:c', '::', 'a\nb', 'a\0']) refuses('p.user', { user });
  // Without one of them, as Docker takes it.
  for (const user of ['0', 'www-data', '1000:100', 'a:b', 'a:', ':a', ':']) {
    assert.equal(parseExecProcess(wireProcess({ args: ['x'], user }), 'p').user, user);
  }
  refuses('p.additional_groups[1]', { additionalGroups: ['a', 'b,c'] });
  refuses('p.cwd', { cwd: 'tmp' });
});

test('limits keep their values, and infinity stays infinity', () => {
  const rlimits = [
    { name: 'nofile', soft: 1024, hard: 4096 },
    { name: 'RLIMIT_CORE', soft: 0, hard: '18446744073709551615' },
  ];
  assert.deepEqual(parseExecProcess(wireProcess({ args: ['x'], rlimits }), 'p').rlimits, [
    { name: 'nofile', soft: '1024', hard: '4096' },
    { name: 'core', soft: '0', hard: '18446744073709551615' },
  ]);
  refuses('p.rlimits[0].name', { rlimits: [{ name: 'files', soft: 1, hard: 1 }] });
  refuses('p.rlimits[0].soft', { rlimits: [{ name: 'core', soft: 2, hard: 1 }] });
  refuses('p.rlimits[0].soft', {
    rlimits: [{ name: 'core', soft: '9223372036854775808', hard: '18446744073709551615' }],
  });
  refuses('p.rlimits[1].name', {
    rlimits: [
      { name: 'core', soft: 1, hard: 1 },
      { name: 'core', soft: 1, hard: 1 },
    ],
  });
});

test("the size of a terminal fits into the kernel's type", () => {
  const terminalSize = { columns: 80, rows: 24, xPixels: 800, yPixels: 600 };
  assert.deepEqual(
    parseExecProcess(wireProcess({ args: ['x'], terminalSize }), 'p').terminalSize,
    terminalSize,
  );
  refuses('p.terminal_size.rows', { terminalSize: { columns: 80, rows: 65_536 } });
});

test('an unspecified choice is the default of the call', () => {
  assert.equal(wordFor(disconnectPolicies, 'ON_DISCONNECT_UNSPECIFIED', 'f'), undefined);
  assert.equal(wordFor(disconnectPolicies, 'ON_DISCONNECT_KEEP', 'f'), 'keep');
});
