import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerRow } from '../../../store/store.ts';
import { baseSpec } from '../../../test/fake-engine.ts';
import { parseRow } from './record.ts';

const exit = { code: 1, signal: 0, exitedAt: 2, startError: '' };

function row(change: { spec?: object; phase?: object } = {}): ContainerRow {
  const { spec = {}, phase = { state: 'created' } } = change;
  const stored = {
    spec: JSON.stringify({ ...baseSpec, ...spec }),
    phase: JSON.stringify(phase),
    facts: '{}',
  };
  return { id: 'a', name: 'web', createdAt: 1, ...stored };
}

test('what likerd writes is read, in every phase', () => {
  const main = { pid: 1, startTime: '2' };
  const phases = [
    { state: 'created' },
    { state: 'running', startedAt: 1, main, shimPid: 3 },
    { state: 'orphaned', startedAt: 1, main },
    { state: 'exited', exit },
    { state: 'restarting', exit, at: 3 },
  ];
  for (const phase of phases) assert.deepEqual(parseRow(row({ phase })).phase, phase);
});

test('what it does not write is refused, with the place', () => {
  const { labels: _labels, ...unlabelled } = baseSpec;
  const cases: [ContainerRow, string][] = [
    [{ ...row(), spec: '{"name":' }, 'its spec is not JSON'],
    [{ ...row(), spec: '[]' }, 'its spec is not an object'],
    [{ ...row(), spec: JSON.stringify(unlabelled) }, 'its spec.labels is not an object'],
    [row({ spec: { process: { ...baseSpec.process, args: 'sh' } } }), 'its spec.process.args is not a list'],
    [
      row({ spec: { process: { ...baseSpec.process, args: [1] } } }),
      'its spec.process.args[0] is not a string',
    ],
    [row({ spec: { stopSignal: '15' } }), 'its spec.stopSignal is not a number'],
    [row({ spec: { onDisconnect: 'wait' } }), 'its spec.onDisconnect is not keep or hangup or kill'],
    [row({ phase: { state: 'running', startedAt: 1, shimPid: 3 } }), 'its phase.main is not an object'],
    [
      row({ phase: { state: 'exited', exit: { ...exit, code: null } } }),
      'its phase.exit.code is not a number',
    ],
    [{ ...row(), facts: 'null' }, 'its facts is not an object'],
  ];
  for (const [bad, message] of cases) assert.throws(() => parseRow(bad), { message });
});
