import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Log } from '../../../host/log.ts';
import { Store } from '../../../store/store.ts';
import { baseSpec } from '../../../test/fake-engine.ts';
import { Journal } from '../../journal/journal.ts';
import { unseenExit } from '../../process/exit-status.ts';
import { Container } from './container.ts';
import { Ledger } from './ledger.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

const folder = mkdtempSync(join(tmpdir(), 'liker-ledger-'));
after(() => rmSync(folder, { recursive: true }));
let stores = 0;

function fixture() {
  const store = new Store(join(folder, `${stores++}.db`));
  const journal = new Journal(store, silent);
  const ledger = new Ledger(journal, store);
  const container = new Container({
    id: 'c'.repeat(64),
    createdAt: 1,
    spec: baseSpec,
    phase: { state: 'created' },
  });
  const actions = () => store.events.after(0, 100).map(({ action }) => action);
  const stored = () => Container.fromRow(store.containers.all()[0] ?? assert.fail('no row'));
  return { store, journal, ledger, container, actions, stored };
}

test('requests in memory are stored with the next change', () => {
  const { ledger, container, stored } = fixture();
  ledger.insert(container, null);
  ledger.remember(container, { nextExec: 5 });
  assert.equal(container.facts.nextExec, 5);
  assert.equal(stored().facts.nextExec, 1);
  ledger.change(container, { facts: { stopRequested: true } });
  assert.deepEqual([stored().facts.nextExec, stored().facts.stopRequested], [5, true]);
});

test('a decision that cannot be stored changes nothing', () => {
  const { store, ledger, container, stored, actions } = fixture();
  ledger.insert(container, null);
  const { facts, phase, spec } = container;
  const other = new Container({ id: 'd', createdAt: 2, spec: { ...baseSpec, name: 'taken' }, phase });
  ledger.insert(other, null);
  const rename = () => ledger.decide(container, { spec: { ...spec, name: 'taken' } }, { action: 'rename' });
  assert.throws(rename, /UNIQUE/);
  assert.deepEqual([container.facts, container.phase, container.spec], [facts, phase, spec]);
  assert.equal(stored().name, baseSpec.name);
  assert.deepEqual([actions(), store.events.last], [['create', 'create'], 2]);
});

test('a removed container whose exit is damaged has ended in an unknown way', () => {
  const { ledger, container, store } = fixture();
  const { id, name } = container;
  store.database.transaction(() => store.tombstones.insert({ id, name, exit: '{"code":' }));
  const exit = ledger.removed(id)?.exit;
  assert.deepEqual(
    [exit?.code, exit?.startError],
    [255, 'Its record was damaged: how it ended is not known'],
  );
});

test('a removed container keeps its exit status and the call that removed it', () => {
  const { journal, ledger, container, actions, store } = fixture();
  ledger.insert(container, null);
  const exit = unseenExit(3, '', 1000);
  ledger.delete(container, exit, { asked: true, request: { id: 'r', asked: 'rm' } });
  assert.deepEqual(ledger.removed(container.id), { id: container.id, name: container.name, exit });
  assert.equal(journal.request('r')?.result, container.id);
  assert.deepEqual([store.containers.all(), actions()], [[], ['create', 'destroy']]);
});

test('a request for an exec that could not be stored although the disk has room may be repeated', () => {
  const { journal, ledger, container } = fixture();
  // The container is not in the store, which accepts no exec of it.
  const row = { id: 'e', containerId: container.id, number: 1, spec: '{}', onDisconnect: 'keep', exit: null };
  const request = { id: 'first', asked: 'true' };
  const add = () => ledger.execs.add(container, row, request, { action: 'exec_create' });
  assert.throws(add, /FOREIGN KEY/);
  assert.equal(journal.request('first'), null);
});
