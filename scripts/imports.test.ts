import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { importsOf } from './imports.ts';

const top = join(import.meta.dirname, '..');

test('imports are found in all syntactic forms, with their lines', () => {
  const source = [
    `import { a,`,
    `  b } from './a.ts';`,
    `import type { C } from '../common/c.ts';`,
    `export { d } from "../../proto/d.ts";`,
    `export * from './e.ts';`,
    `import 'node:fs/promises';`,
    `const f = await import('@grpc/grpc-js/build/x.js');`,
    `import { g /* why */ } from 'koffi/indirect';`,
    `const text = "nothing from './here.ts'";`,
    `export const list = ['nor', 'here'];`,
    `export function say(): string { return 'nor here'; }`,
  ].join('\n');
  assert.deepEqual(
    importsOf('client/x/y.ts', source).map(({ to, line }) => [to, line]),
    [
      ['client/x/a.ts', 1],
      ['client/common/c.ts', 3],
      ['proto/d.ts', 4],
      ['client/x/e.ts', 5],
      ['node:fs/promises', 6],
      ['@grpc/grpc-js', 7],
      ['koffi', 8],
    ],
  );
});

test('npm run check refuses a circle of imports, even of types only, and names its files', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lk-'));
  t.after(() => rmSync(folder, { recursive: true }));
  copyFileSync(join(top, 'biome.json'), join(folder, 'biome.json'));
  const circles = {
    value: [
      "import { b } from './b.ts';\n\nexport const a = () => b;\n",
      "import { a } from './a.ts';\n\nexport const b = () => a;\n",
    ],
    type: [
      "import type { B } from './b.ts';\n\nexport type A = B[];\n",
      "import type { A } from './a.ts';\n\nexport type B = { a: A };\n",
    ],
    dynamic: ["export const a = () => import('./b.ts');\n", "export * from './a.ts';\n"],
  };
  for (const [name, [a = '', b = '']] of Object.entries(circles)) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'a.ts'), a);
    writeFileSync(join(folder, name, 'b.ts'), b);
  }
  const { stdout, stderr, status } = spawnSync(
    join(top, 'node_modules/.bin/biome'),
    ['lint', '--colors=off', '.'],
    {
      cwd: folder,
      encoding: 'utf8',
    },
  );
  assert.equal(status, 1, stdout + stderr);
  for (const name of Object.keys(circles)) {
    for (const [from, to] of ['ab', 'ba'])
      assert.match(
        stderr,
        new RegExp(
          `${name}/${from}\\.ts:\\d+:\\d+ lint/suspicious/noImportCycles[^]*?resolves to \\S*${name}/${to}\\.ts`,
        ),
      );
  }
});
