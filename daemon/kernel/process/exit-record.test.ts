import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readExitRecord } from './exit-record.ts';

test('an exit record is read as the shim writes it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'liker-exit-'));
  t.after(() => rmSync(folder, { recursive: true }));
  assert.equal(readExitRecord(folder), null);
  const lines = ['code=0', 'signal=9', 'core=1', 'exited_at=1700000000123456789', 'cut=0', 'started_at=17'];
  writeFileSync(join(folder, 'exit.0'), `${lines.join('\n')}\n`);
  assert.deepEqual(readExitRecord(folder), {
    code: 0,
    signal: 9,
    coreDumped: true,
    startedAtNs: 17n,
    exitedAtNs: 1700000000123456789n,
    outputCut: false,
  });
});

test('a record that a loss of power has cut off is no exit with code 0', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'liker-exit-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const text of [
    '',
    'code=0\n',
    'code=0\nsignal=0\nstarted_at=17',
    '\0'.repeat(120),
    'code=x\nstarted_at=17\n',
  ]) {
    writeFileSync(join(folder, 'exit.0'), text);
    assert.equal(readExitRecord(folder), null, JSON.stringify(text));
  }
});
