import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookupViolation, outputViolation } from './source-rules.ts';

test('likerctl writes only through client/output', () => {
  for (const source of ['process.stdout.write(x)', 'console.log(x)', '  process.stderr.write(`x`);']) {
    assert.match(outputViolation('client/commands/ps.ts', source) ?? '', /only client\/output\//);
    assert.equal(outputViolation('client/output/print.ts', source), undefined);
    assert.equal(outputViolation('daemon/main.ts', source), undefined);
  }
  assert.equal(outputViolation('client/commands/ps.ts', 'new Sink(process.stdout)'), undefined);
});

test('user input is looked up only among own properties', () => {
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
