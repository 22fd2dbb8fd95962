// The C of the product has no finding of any analyzer. A false one is suppressed at its line, with the reason.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { requiresProgram } from '../../test/harness/requires.ts';

const repository = join(import.meta.dirname, '../..');
const analyzers = [
  { target: 'analyzed', name: 'gcc -fanalyzer', programs: [] },
  { target: 'tidied', name: 'clang-tidy', programs: ['clang-tidy'] },
  { target: 'scanned', name: 'scan-build', programs: ['scan-build'] },
] as const;

function make(folder: string, target: string): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync('make', ['-s', '-k', '-j2', '-C', folder, target], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  return { status, output: `${stdout}${stderr}` };
}

// On a busy machine, scan-build takes minutes.
for (const { target, name, programs } of analyzers)
  test(`${name} finds nothing`, { ...requiresProgram(...programs), timeout: 20 * 60_000 }, () => {
    const { status, output } = make(join(repository, 'native'), target);
    assert.equal(status, 0, output);
  });

const faulty = `
#include <stdlib.h>
#include <string.h>
int is_word (const char *text);
int is_word (const char *text) {
  char *copy = malloc (5);
  strcpy (copy, "word");
  if (strcmp (copy, text))
    return 0;
  free (copy);
  return 1;
}
`;

test('a fault is found', requiresProgram('clang-tidy'), () => {
  const top = mkdtempSync(join(tmpdir(), 'liker-analyzers-'));
  try {
    for (const path of [
      '.clang-tidy',
      'common/sizes.ts',
      'native/Makefile',
      'native/src/init',
      'native/src/plan/sync.h',
    ])
      cpSync(join(repository, path), join(top, path), { recursive: true });
    rmSync(join(top, 'native/src/init/binary.c'));
    mkdirSync(join(top, 'native/src/faulty'));
    writeFileSync(join(top, 'native/src/faulty/faulty.c'), faulty);
    const analyzed = make(join(top, 'native'), 'analyzed');
    assert.match(analyzed.output, /faulty\.c:7:3: error: .*possibly-NULL.*\[-Werror=analyzer-possible-null/);
    assert.match(analyzed.output, /faulty\.c:\d+:\d+: error: leak of .copy./);
    assert.match(
      make(join(top, 'native'), 'tidied').output,
      /faulty\.c:8:7: error: .*suspicious-string-compare/,
    );
  } finally {
    rmSync(top, { recursive: true });
  }
});
