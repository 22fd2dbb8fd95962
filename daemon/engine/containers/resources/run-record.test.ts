import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { baseSpec } from '../../../test/fake-engine.ts';
import { Container } from '../model/container.ts';
import { execOf, readRunRecords } from './run-record.ts';

const { process } = baseSpec;
const row = { id: 'e', containerId: 'a', number: 3, onDisconnect: 'kill', exit: null };

test('the exec spec of an older likerd is completed', () => {
  const { oomScoreAdj: _adj, ...older } = process;
  assert.deepEqual(execOf({ ...row, spec: JSON.stringify(older) }), {
    processId: 'e',
    number: 3,
    spec: process,
    onDisconnect: 'kill',
  });
});

test('an invalid exec record is refused, with the field', () => {
  assert.throws(() => execOf({ ...row, spec: '{"args":[null]}' }), /the spec of exec e\.args\[0\]: .*null/);
  assert.throws(
    () => execOf({ ...row, spec: JSON.stringify(process), onDisconnect: 'wait' }),
    /on_disconnect of exec e: .*"wait"/,
  );
});

test('a container is found by its run folder even if the copy of an exec cannot be read', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lk-record-'));
  t.after(() => rmSync(folder, { recursive: true }));
  assert.throws(() => readRunRecords(folder), /ENOENT/);
  const spec = { ...baseSpec, name: 'web' };
  const made = new Container({ id: 'a'.repeat(64), createdAt: 1, spec, phase: { state: 'created' } }).toRow();
  const exec = { ...row, spec: JSON.stringify(process) };
  writeFileSync(join(folder, 'container.json'), JSON.stringify(made));
  writeFileSync(join(folder, 'exec.3.json'), JSON.stringify(exec));
  writeFileSync(join(folder, 'exec.4.json'), '{"id":"f"}');
  assert.deepEqual(readRunRecords(folder), { container: made, execs: [exec] });
  writeFileSync(join(folder, 'container.json'), JSON.stringify({ ...made, createdAt: '1' }));
  assert.throws(() => readRunRecords(folder), /container\.json\.createdAt: .*"1"/);
});
