import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkC, readCSources } from './c-modules.ts';
import { readDeps } from './deps.ts';

/** A small repository without a violation. */
const deps = {
  'native/include/DEPS': '# Contracts\n',
  'native/src/base/DEPS': '# Shared\n',
  'native/src/shim/DEPS': '# The shim\nnative/include/plan.h\nnative/src/base/\n',
};
const sources = {
  'native/include/plan.h': '#include "sizes.h"\nint in_many (void);\n',
  'native/src/base/text.h': 'char *put_text (char *out, const char *text);\n',
  'native/src/base/text.c':
    '#include "text.h"\n\nchar *put_text (char *out, const char *text) {\n  return out;\n}\n',
  'native/src/shim/ring.h': '#pragma once\nvoid ring_free (void);\n',
  'native/src/shim/ring.c': '#include "ring.h"\n#include "base/text.h"\n\nvoid ring_free (void) {\n}\n',
  'native/src/shim/serve.c':
    '#include <stdio.h>\n#include "include/plan.h"\n#include "ring.h"\n\nstatic void helper (int a,\n                    int b);\nint in_many (void) {\n}\n',
};

function check(changes: Record<string, string> = {}, moreDeps: Record<string, string> = {}): string {
  return checkC(
    new Map(Object.entries({ ...deps, ...moreDeps })),
    new Map(Object.entries({ ...sources, ...changes })),
  ).join('\n');
}

test('the C sources of the repository obey the rules', () => {
  const top = join(import.meta.dirname, '..');
  const files = readCSources(top);
  assert.ok(files.size > 120, `only ${files.size} files were read`);
  assert.deepEqual(checkC(readDeps(top, 'native/{include,src}'), files), []);
});

test('correct modules pass', () => assert.equal(check(), ''));

test('modules that include one another in a circle are refused, and each include is listed', () => {
  const text = check({
    'native/src/shim/ring.c': '#include "ring.h"\n#include "base/text.h"\n#include "stream.h"\n',
    'native/src/shim/stream.h': '\n#include "turn.h"\n',
    'native/src/shim/turn.h': '#include "ring.h"\n',
  });
  assert.equal(
    text,
    [
      'C modules include one another in a circle: native/src/shim/ring → native/src/shim/stream → native/src/shim/turn → native/src/shim/ring',
      '  native/src/shim/ring.c:3 includes native/src/shim/stream.h',
      '  native/src/shim/stream.h:2 includes native/src/shim/turn.h',
      '  native/src/shim/turn.h:1 includes native/src/shim/ring.h',
      '  Move what both need into a module below them, or pass it in as an argument.',
    ].join('\n'),
  );
});

test('an include against the DEPS files is refused, and a folder without one', () => {
  const text = check({ 'native/src/base/memfd.c': '#include "shim/ring.h"\n' });
  assert.match(text, /^native\/src\/base\/ may not import native\/src\/shim\/:\n/);
  assert.match(text, /\n {2}native\/src\/base\/memfd\.c:1 imports native\/src\/shim\/ring\.h\n/);
  assert.match(check({ 'native/src/new/x.c': '' }), /^native\/src\/new\/ has no DEPS file/);
});

test('a line of DEPS that no include needs is refused', () => {
  const text = check({}, { 'native/src/base/DEPS': '# Shared\nnative/src/shim/\n' });
  assert.match(
    text,
    /base\/DEPS: no file of native\/src\/base\/ imports 'native\/src\/shim\/': remove the line/,
  );
});

test('a prototype outside the header of its module is refused: it would hide a call', () => {
  const own = check({
    'native/src/base/memfd.c': '/* ring_free ();\n */\nextern void ring_free (\n  void);\n',
  });
  assert.match(
    own,
    /^native\/src\/base\/memfd\.c:3 declares ring_free, which native\/src\/shim\/ring\.c defines: /,
  );
  assert.match(own, /declare it in native\/src\/shim\/ring\.h and include that/);
  const inHeader = check({
    'native/src/shim/stream.h': 'void ring_free (void) __attribute__ ((noreturn));\n',
  });
  assert.match(inHeader, /^native\/src\/shim\/stream\.h:1 declares ring_free/);
});
