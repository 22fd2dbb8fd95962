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
