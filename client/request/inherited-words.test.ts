// Names that every object inherits, such as toString, are words like any other: no flag turns them into a function.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LikerError } from '../../common/errors.ts';
import { parseCommandLine } from '../cli/parse.ts';
import { UsageError } from '../cli/usage-error.ts';
import { run } from '../commands/run.ts';
import { wantedProgram } from '../rootfs/programs.ts';
import { parseContainerSpec } from './container-spec.ts';
import { collectEnv, collectLabels } from './env.ts';

const words = ['toString', 'constructor', '__proto__', 'hasOwnProperty', 'valueOf'];

/** Nothing in it is a function, nor the text of one. */
function assertPlain(value: unknown, path: string): void {
  assert.notEqual(typeof value, 'function', path);
  if (typeof value === 'string') assert.doesNotMatch(value, /function|native code|\[object/, path);
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) assertPlain(inner, `${path}.${key}`);
}

/** What a command line leads to: a spec, or an error that is meant for the user. */
function outcome(argv: readonly string[]): unknown {
  try {
    const { flags, operands } = parseCommandLine(run, argv);
    return parseContainerSpec(flags, operands, undefined);
  } catch (error) {
    assert.ok(error instanceof LikerError || error instanceof UsageError, `${argv.join(' ')}: ${error}`);
    return error.message;
  }
}

for (const flag of run.flags.filter(({ type }) => type !== 'bool')) {
  test(`--${flag.name} refuses names that every object inherits`, () => {
    for (const word of words) {
      for (const value of [
        word,
        `${word}=1`,
        `${word}:1`,
        `1:${word}`,
        `${word}:${word}`,
        `type=${word},target=/x`,
        `/x:${word}`,
      ])
        assertPlain(
          outcome([`--${flag.name} refuses names that every object inherits`, value, '/r', 'true']),
          `--${flag.name} ${value}`,
        );
    }
  });
}

test('an unset variable is left out, and a set one is passed whatever its name', () => {
  assert.deepEqual(collectEnv([], words, {}), []);
  assert.deepEqual(collectEnv([], ['toString'], { toString: 'x' } as never), ['toString=x']);
});

test('labels keep their names', () => {
  const labels = collectLabels(
    [],
    words.map((word) => `${word}=1`),
  );
  assert.deepEqual(Object.keys(labels).sort(), words.toSorted());
});

test('a program that does not exist is reported as missing', () => {
  for (const word of words) assert.throws(() => wantedProgram(word), /it is not on this machine/);
});
