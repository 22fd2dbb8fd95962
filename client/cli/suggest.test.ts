import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ps } from '../commands/ps.ts';
import { run } from '../commands/run.ts';
import { commandNames } from '../registry.ts';
import { parseCommandLine } from './parse.ts';
import { didYouMean } from './suggest.ts';

for (const [typed, suggestion] of [
  ['strat', '; did you mean start?'],
  ['inpsect', '; did you mean inspect?'],
  ['lgos', '; did you mean logs?'],
  ['system dff', '; did you mean system df?'],
  ['contaner ls', '; did you mean container ls?'],
  ['xyzzy', ''],
  ['', ''],
] as const) {
  test(`'${typed}'${suggestion}`, () => assert.equal(didYouMean(typed, commandNames()), suggestion));
}

test('suggestions include known flags, but not the Docker flags that are refused', () => {
  assert.throws(
    () => parseCommandLine(run, ['--memroy', '5m', '/r']),
    /unknown flag: --memroy; did you mean --memory\?/,
  );
  assert.throws(() => parseCommandLine(ps, ['--al']), /unknown flag: --al; did you mean --all\?/);
  // Of four letters two that differ make another word.
  assert.throws(() => parseCommandLine(ps, ['--sort']), /unknown flag: --sort$/);
  assert.throws(() => parseCommandLine(run, ['--publihs', '80', '/r']), /did you mean --publish\?/);
  assert.throws(() => parseCommandLine(run, ['--annotatoin', 'a', '/r']), /unknown flag: --annotatoin$/);
});
