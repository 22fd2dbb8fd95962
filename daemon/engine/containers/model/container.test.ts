import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerRow } from '../../../store/tables/container.ts';
import { baseSpec } from '../../../test/fake-engine.ts';
import { Container } from './container.ts';
import { noFacts } from './facts.ts';

const exit = {
  code: 1,
  signal: 0,
  coreDumped: false,
  oomKilled: false,
  startedAt: 1,
  exitedAt: 2,
  startError: '',
  outputCut: false,
};

function row(change: { spec?: object; phase?: object } = {}): ContainerRow {
  const { spec = {}, phase = { state: 'created' } } = change;
  const stored = {
    spec: JSON.stringify({ ...baseSpec, ...spec }),
    phase: JSON.stringify(phase),
    facts: '{}',
  };
  return { id: 'a'.repeat(64), name: 'web', createdAt: 1, ...stored };
}

test('records that likerd writes can be read in every phase', () => {
  const main = { pid: 1, startTime: '2' };
  const phases = [
    { state: 'created' },
    { state: 'running', startedAt: 1, main, shimPid: 3 },
    { state: 'orphaned', startedAt: 1, main },
    { state: 'exited', exit },
    { state: 'restarting', exit, at: 3 },
  ];
  for (const phase of phases) assert.deepEqual(Container.fromRow(row({ phase })).phase, phase);
});

test('other records are refused, with the field and the value found', () => {
  const { rootfs: _rootfs, ...rootless } = baseSpec;
  const text = 'Invalid type: Expected';
  const cases: [ContainerRow, string][] = [
    [{ ...row(), spec: '{"name":' }, 'its spec is not JSON'],
    [{ ...row(), spec: '7' }, `its spec: ${text} Object but received 7`],
    [
      { ...row(), spec: JSON.stringify(rootless) },
      'its spec.rootfs: Invalid key: Expected "rootfs" but received undefined',
    ],
    [
      row({ spec: { labels: { a: 1 } } }),
      `its spec.labels: ${text} an object of strings but received Object`,
    ],
    [
      row({ spec: { process: { ...baseSpec.process, args: 'sh' } } }),
      `its spec.process.args: ${text} Array but received "sh"`,
    ],
    [
      row({ spec: { process: { ...baseSpec.process, args: [1] } } }),
      `its spec.process.args[0]: ${text} string but received 1`,
    ],
    [row({ spec: { stopSignal: '15' } }), `its spec.stopSignal: ${text} number but received "15"`],
    [
      row({ spec: { onDisconnect: 'wait' } }),
      `its spec.onDisconnect: ${text} ("keep" | "hangup" | "kill") but received "wait"`,
    ],
    [
      row({ spec: { namespaces: { network: { kind: 'path' } } } }),
      'its spec.namespaces.network.path: Invalid key: Expected "path" but received undefined',
    ],
    [
      row({ phase: { state: 'running', startedAt: 1, shimPid: 3 } }),
      'its phase.main: Invalid key: Expected "main" but received undefined',
    ],
    [
      row({ phase: { state: 'exited', exit: { ...exit, code: null } } }),
      `its phase.exit.code: ${text} number but received null`,
    ],
    [
      row({ phase: { state: 'orphaned', startedAt: 1, main: { pid: -1, startTime: '2' } } }),
      'its phase.main.pid: Invalid value: Expected >=1 but received -1',
    ],
    [
      row({ phase: { state: 'restarting', exit, at: 1e300 } }),
      'its phase.at: Invalid value: Expected <=253402300799999 but received 1e+300',
    ],
    [{ ...row(), createdAt: -5 }, 'its row.createdAt: Invalid value: Expected >=0 but received -5'],
    [{ ...row(), id: '..' }, 'its row.id: it is not the id of a container'],
    [{ ...row(), name: '' }, 'its row.name: it is not the name of a container'],
    [{ ...row(), facts: 'null' }, `its facts: ${text} Object but received null`],
    [{ ...row(), facts: '{"nextExec":"2"}' }, `its facts.nextExec: ${text} number but received "2"`],
  ];
  for (const [bad, message] of cases) assert.throws(() => Container.fromRow(bad), { message });
});

test('a record of an older likerd gets the missing fields; unknown fields of a newer one are kept', () => {
  const { healthCheck: _check, devices: _devices, dnsSearch: _search, ...older } = baseSpec;
  const { cpu } = baseSpec.resources;
  const spec = { ...older, resources: { cpu: { ...cpu, shares: 5 } }, laterField: { x: 1 } };
  const read = Container.fromRow({ ...row(), spec: JSON.stringify(spec), facts: '{"nextExec":7}' });
  const resources = { ...baseSpec.resources, cpu: { ...cpu, shares: 5 } };
  assert.deepEqual(read.spec, { ...baseSpec, resources, laterField: { x: 1 } });
  assert.deepEqual(read.facts, { ...noFacts, nextExec: 7 });
});

test('the root of a record from before there were images is a directory', () => {
  const read = (rootfs: object) => Container.fromRow(row({ spec: { rootfs } })).spec.rootfs;
  assert.deepEqual(read({ directory: '/srv/root', mode: 'ro' }), {
    kind: 'directory',
    directory: '/srv/root',
    mode: 'ro',
  });
  const image = { kind: 'image', name: 'web', id: `sha256:${'a'.repeat(64)}`, layers: [] };
  assert.deepEqual(read(image), image);
  assert.throws(() => read({ kind: 'volume' }), /its spec.rootfs.kind: .*"volume"/);
});

test('the name is that of its column, which no other row has', () => {
  assert.equal(Container.fromRow({ ...row({ spec: { name: 'other' } }), name: 'web' }).name, 'web');
});

test('labels with names that every object inherits are kept', () => {
  const labels = JSON.parse('{"constructor":"a","__proto__":"b","toString":"c"}') as Record<string, string>;
  assert.deepEqual(Container.fromRow(row({ spec: { labels } })).spec.labels, labels);
});
