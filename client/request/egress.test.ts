import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { FlagValues } from '../cli/flag.ts';
import { parseEgress } from './egress.ts';

const egress = (text: string) => parseEgress(new FlagValues(new Map([['egress', [text]]])));

test('--egress takes a word, rules or a file of rules', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lk-egress-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'rules');
  writeFileSync(file, '# what it needs\nexample.org:443  # the mirror\n\n 10.0.0.0/8\n');
  assert.equal(parseEgress(new FlagValues(new Map())), null);
  assert.deepEqual(egress('all'), { mode: 'MODE_ALL' });
  assert.deepEqual(egress('none'), { mode: 'MODE_NONE' });
  assert.deepEqual(egress('allow=example.org, *.debian.org:443,'), {
    mode: 'MODE_ALLOW',
    rules: ['example.org', '*.debian.org:443'],
  });
  assert.deepEqual(egress(file), { mode: 'MODE_ALLOW', rules: ['example.org:443', '10.0.0.0/8'] });
  assert.throws(() => egress(''), /use all, none, a file of rules or allow=RULE/);
  assert.throws(
    () => egress('non'),
    /Cannot read --egress 'non': there is no such file; a rule itself comes after allow=/,
  );
});
