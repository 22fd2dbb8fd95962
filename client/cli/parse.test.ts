import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ps } from '../commands/ps.ts';
import { rm } from '../commands/rm.ts';
import { run } from '../commands/run.ts';
import { parseCommandLine } from './parse.ts';
import { UsageError } from './usage-error.ts';

test('the flags of run end at the first operand; the rest belongs to the container', () => {
  const { flags, operands } = parseCommandLine(run, ['-it', './root', 'ls', '-la', '--rm', '--', '-x']);
  assert.deepEqual(operands, ['./root', 'ls', '-la', '--rm', '--', '-x']);
  assert.deepEqual([flags.bool('interactive'), flags.bool('tty'), flags.bool('rm')], [true, true, false]);
});

test('-- ends the flags', () => {
  assert.deepEqual(parseCommandLine(run, ['--rm', '--', './root', 'ls']).operands, ['./root', 'ls']);
});

test('flags may follow the operands of other commands', () => {
  const { flags, operands } = parseCommandLine(rm, ['a', '-f', 'b']);
  assert.deepEqual(operands, ['a', 'b']);
  assert.equal(flags.bool('force'), true);
});

test('a value can be spelled in every way that Docker accepts', () => {
  const argv = '-e A=1 -eB=2 -e=C=3 --env D=4 --env=E=5 -itw/tmp -m512m --net=none --name= /r'.split(' ');
  const { flags } = parseCommandLine(run, argv);
  assert.deepEqual(flags.list('env'), ['A=1', 'B=2', 'C=3', 'D=4', 'E=5']);
  assert.equal(flags.text('workdir'), '/tmp');
  assert.equal(flags.text('memory'), '512m');
  assert.equal(flags.text('network'), 'none');
  assert.equal(flags.text('name'), '');
});

test('values are not changed: quotes, dashes, numbers, newlines', () => {
  const values = ['"quoted"', "'x'", '-1', '--rm', '0x10', '1e3', 'a\nb', '', 'true'];
  const { flags } = parseCommandLine(run, [
    ...values.flatMap((value) => ['-l', value]),
    '--name',
    '007',
    '/r',
  ]);
  assert.deepEqual(flags.list('label'), values);
  assert.equal(flags.text('name'), '007');
});

test('boolean flags take true, false or no value', () => {
  const bool = (...argv: string[]): boolean =>
    parseCommandLine(run, [...argv, '/r']).flags.bool('init', true);
  assert.deepEqual(
    [bool(), bool('--init'), bool('--init=false'), bool('--no-init')],
    [true, true, false, false],
  );
});

test('if a flag is given twice, the last one counts', () => {
  assert.equal(parseCommandLine(run, ['--name', 'a', '--name', 'b', '/r']).flags.text('name'), 'b');
});

for (const [argv, message] of [
  [['--foo', '/r'], 'unknown flag: --foo'],
  [['-tiQ', '/r'], "unknown shorthand flag: 'Q' in -tiQ"],
  [['--name'], 'flag needs an argument: --name'],
  [['-e'], 'flag needs an argument: -e'],
  [['--rm=perhaps', '/r'], "invalid argument 'perhaps' for --rm: use true or false"],
  [
    ['--stop-timeout', 'soon', '/r'],
    "invalid argument 'soon' for --stop-timeout: use a whole number, such as 10",
  ],
  [['--uts', 'mine', '/r'], "invalid argument 'mine' for --uts: use private, host"],
  [[], 'requires at least 1 argument'],
] as const) {
  test(`run ${argv.join(' ')}: ${message}`, () => {
    assert.throws(
      () => parseCommandLine(run, argv),
      (error) =>
        error instanceof UsageError &&
        error.lines.join('\n') === `likerctl run: ${message}\nSee 'likerctl run --help'`,
    );
  });
}

test('too many operands are refused', () => {
  assert.throws(() => parseCommandLine(ps, ['x']), /accepts no arguments/);
});
