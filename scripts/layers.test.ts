import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { importsOf, layerOf, lookupViolation, outputViolation, readImports, violation } from './layers.ts';

function importing(from: string, to: string): string | undefined {
  return violation({ from, to, isPackage: false });
}

function importingPackage(from: string, to: string): string | undefined {
  return violation({ from, to, isPackage: true });
}

test('every import of the repository keeps to the layers', () => {
  const imports = readImports(join(import.meta.dirname, '..'));
  assert.ok(imports.length > 20, `only ${imports.length} imports were found`);
  assert.deepEqual(
    imports.filter((entry) => violation(entry) !== undefined),
    [],
  );
});

test('imports are found in all their forms', () => {
  const source = [
    `import { a,`,
    `  b } from './a.ts';`,
    `import type { C } from '../common/c.ts';`,
    `export { d } from "../../proto/d.ts";`,
    `import 'node:fs/promises';`,
    `const e = await import('@grpc/grpc-js/build/x.js');`,
    `const text = "nothing from './here.ts'";`,
  ].join('\n');
  assert.deepEqual(
    importsOf('client/x/y.ts', source).map(({ to }) => to),
    ['client/x/a.ts', 'client/common/c.ts', 'proto/d.ts', 'node:fs/promises', '@grpc/grpc-js'],
  );
});

test('a layer imports only what is below it', () => {
  assert.equal(importing('daemon/api/run.ts', 'daemon/engine/run.ts'), undefined);
  assert.match(importing('daemon/engine/run.ts', 'daemon/api/run.ts') ?? '', /not daemon\/api/);
  assert.match(importing('client/run.ts', 'daemon/engine/run.ts') ?? '', /not daemon\/engine/);
  assert.match(importing('common/ids.ts', 'client/run.ts') ?? '', /nothing, not client/);
  assert.match(importing('daemon/api/run.ts', 'daemon/native/koffi.ts') ?? '', /not daemon\/native/);
  assert.match(importing('packaging/x.ts', 'common/ids.ts') ?? '', /not a layer/);
});

test('kernel adapters import the plan and not one another', () => {
  assert.equal(importing('daemon/kernel/cgroup/v1.ts', 'daemon/kernel/cgroup/pids.ts'), undefined);
  assert.equal(importing('daemon/kernel/cgroup/v1.ts', 'daemon/kernel/plan/steps.ts'), undefined);
  assert.match(importing('daemon/kernel/cgroup/v1.ts', 'daemon/kernel/users/read.ts') ?? '', /one another/);
});

test('one file imports koffi', () => {
  assert.equal(importingPackage('daemon/native/koffi.ts', 'koffi'), undefined);
  assert.match(importingPackage('daemon/native/lib.ts', 'koffi') ?? '', /only daemon\/native\/koffi.ts/);
  assert.match(importingPackage('daemon/engine/x.ts', '@grpc/grpc-js') ?? '', /daemon\/api/);
});

test('files directly in daemon/ are the composition root', () => {
  assert.equal(layerOf('daemon/main.ts'), 'daemon/main');
  assert.equal(layerOf('daemon/store/db.ts'), 'daemon/store');
});

test('likerctl writes by client/output alone', () => {
  for (const source of ['process.stdout.write(x)', 'console.log(x)', '  process.stderr.write(`x`);']) {
    assert.match(outputViolation('client/commands/ps.ts', source) ?? '', /only client\/output\//);
    assert.equal(outputViolation('client/output/print.ts', source), undefined);
    assert.equal(outputViolation('daemon/main.ts', source), undefined);
  }
  assert.equal(outputViolation('client/commands/ps.ts', 'new Sink(process.stdout)'), undefined);
});

test('a word of a user is looked up in what an object has of its own', () => {
  const table = 'const factors: Readonly<Record<string, number>> = { k: 1024 };\n';
  assert.match(
    lookupViolation('common/a.ts', `${table}factors[unit]`) ?? '',
    /^factors\[unit\] finds toString/,
  );
  assert.match(lookupViolation('client/a.ts', 'spec.labels[name] ?? 1') ?? '', /own\(\)/);
  assert.match(lookupViolation('client/a.ts', 'process.env[item]') ?? '', /own\(\)/);
  for (const source of [
    `${table}own(factors, unit)`,
    `process.env['HOME']`,
    'kept.labels[name] = 1',
    'list[index]',
  ])
    assert.equal(lookupViolation('common/a.ts', source), undefined, source);
});
