import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkDeps, readDeps } from './deps.ts';
import { importsOf, readSources } from './imports.ts';

const top = join(import.meta.dirname, '..');

/** A small repository without a violation. */
const deps = {
  'common/DEPS': '# Words of both\n',
  'daemon/DEPS': '# Begins\ndaemon/life/\ndaemon/verbs/\n',
  'daemon/life/DEPS': '# What happens\ncommon/\ndaemon/verbs/stop.ts\nnode:sqlite\n',
  'daemon/verbs/DEPS': '# What is asked\n\n# Ends of runs:\ndaemon/life/\n@grpc/grpc-js\n',
};
const sources = {
  'common/errors.ts': "import { join } from 'node:path';",
  'daemon/main.ts': "import './life/end.ts';\nimport './verbs/start.ts';",
  'daemon/life/end.ts':
    "import type { E } from '../../common/errors.ts';\nimport '../verbs/stop.ts';\nimport 'node:sqlite';",
  'daemon/verbs/start.ts': "import '../life/end.ts';\nimport '@grpc/grpc-js/build/x.js';",
  'daemon/verbs/stop.ts': '',
};

function check(changes: { deps?: Record<string, string>; sources?: Record<string, string> } = {}): string {
  const entries = (base: Record<string, string>, more: Record<string, string> = {}) =>
    new Map(Object.entries({ ...base, ...more }));
  return checkDeps(entries(deps, changes.deps), entries(sources, changes.sources)).join('\n');
}

test('every import in the repository obeys the DEPS files', () => {
  const files = readSources(top);
  assert.ok(files.size > 400, `only ${files.size} files were read`);
  assert.deepEqual(checkDeps(readDeps(top), files), []);
});

test('kernel adapters import the launch plan and not one another', () => {
  const adapters = [...readDeps(top)].filter(([path]) => path.startsWith('daemon/kernel/'));
  assert.ok(adapters.length > 5);
  for (const [path, text] of adapters)
    assert.deepEqual(text.match(/^daemon\/kernel\/(?!plan\/$).*/gm) ?? [], [], path);
});

test('only one file imports the FFI library', () => {
  const imports = [...readSources(top)].flatMap(([file, source]) => importsOf(file, source));
  assert.deepEqual(
    imports.filter(({ to }) => to === 'koffi').map(({ from }) => from),
    ['daemon/native/koffi.ts'],
  );
});

test('a listed component, file or package may be imported', () => {
  assert.equal(check(), '');
});

test('an import that is not listed is refused, with its line, both purposes and what is allowed', () => {
  const text = check({
    sources: { 'daemon/life/oom.ts': "import 'node:fs';\nimport type { S } from '../verbs/start.ts';" },
  });
  assert.match(text, /^daemon\/life\/ may not import daemon\/verbs\/:\n/);
  assert.match(text, /\n {2}daemon\/life\/oom\.ts:2 imports daemon\/verbs\/start\.ts\n/);
  assert.match(text, /daemon\/life\/ is: What happens\n.*daemon\/verbs\/ is: What is asked\n/);
  assert.match(text, /may import: common\/, daemon\/verbs\/stop\.ts, node:sqlite\n/);
  assert.match(
    text,
    /add 'daemon\/verbs\/start\.ts' \(or 'daemon\/verbs\/' for all of it\) to daemon\/life\/DEPS/,
  );
});

test('a package that is not listed is refused, and so is node:sqlite', () => {
  assert.match(
    check({ sources: { 'daemon/life/a.ts': "import '@grpc/grpc-js';" } }),
    /life\/a\.ts:1 imports @grpc\/grpc-js/,
  );
  assert.match(
    check({ sources: { 'daemon/verbs/a.ts': "import 'node:sqlite';" } }),
    /verbs\/a\.ts:1 imports node:sqlite/,
  );
});

test('allowing a component does not allow a component inside it', () => {
  const inner = { 'daemon/life/health/DEPS': '# Health\n' };
  const text = check({
    deps: inner,
    sources: { 'daemon/life/health/probe.ts': '', 'daemon/verbs/a.ts': "import '../life/health/probe.ts';" },
  });
  assert.match(text, /verbs\/a\.ts:1 imports daemon\/life\/health\/probe\.ts/);
});

test('a folder without DEPS belongs to its parent, unless the parent contains other components', () => {
  assert.equal(
    check({
      sources: { 'daemon/life/health/probe.ts': "import '../end.ts';\nimport '../../../common/errors.ts';" },
    }),
    '',
  );
  assert.match(check({ sources: { 'daemon/images/pull.ts': '' } }), /^daemon\/images\/ has no DEPS file/);
  assert.match(check({ sources: { 'client/run.ts': '' } }), /^client\/ has no DEPS file/);
});

test('a DEPS file must say what its folder is for', () => {
  assert.match(
    check({ deps: { 'common/DEPS': '' } }),
    /^common\/DEPS: the first line must say what the folder is for/,
  );
});

test('a DEPS line that no import needs, or that names nothing, is refused', () => {
  const text = check({ deps: { 'common/DEPS': '# Words\nkoffi\ndaemon/vrebs/\n' } });
  assert.match(text, /common\/DEPS: no file of common\/ imports 'koffi': remove the line/);
  assert.match(text, /no file of common\/ imports 'daemon\/vrebs\/'/);
});

test('components that allow each other in a circle are refused', () => {
  const text = check({
    deps: { 'daemon/life/DEPS': '# What happens\ncommon/\ndaemon/verbs/\nnode:sqlite\n' },
  });
  assert.match(text, /^The DEPS files allow a circle: daemon\/life\/ → daemon\/verbs\/ → daemon\/life\/\n/);
  assert.match(text, /daemon\/life\/DEPS: daemon\/verbs\/\n.*daemon\/verbs\/DEPS: daemon\/life\/$/);
});

test('tests may import anything, and the product may not import test code', () => {
  const use = "import '../verbs/start.ts';";
  assert.equal(check({ sources: { 'daemon/life/a.test.ts': use, 'daemon/test/fake.ts': use } }), '');
  assert.match(
    check({ sources: { 'daemon/life/a.ts': "import '../test/fake.ts';" } }),
    /only tests may import/,
  );
});
