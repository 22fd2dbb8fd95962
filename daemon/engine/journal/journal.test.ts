import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Log } from '../../host/log.ts';
import { StoreError } from '../../store/errors.ts';
import { Store } from '../../store/store.ts';
import { daemonEvent } from './event.ts';
import { Journal } from './journal.ts';

const folder = mkdtempSync(join(tmpdir(), 'liker-journal-'));
after(() => rmSync(folder, { recursive: true }));
let stores = 0;
const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** A journal on a disk that a test can fill. */
function fixture() {
  const store = new Store(join(folder, `${stores++}.db`));
  const disk = { problem: null as 'full' | 'read-only' | null };
  const transaction = store.database.transaction.bind(store.database);
  store.database.transaction = (change) => {
    if (disk.problem) throw new StoreError(disk.problem, 'store the change', null);
    transaction(change);
  };
  const actions = () => store.events.after(0, 100).map(({ action }) => action);
  return { journal: new Journal(store, silent), store, disk, actions };
}

test('an event with damaged attributes says so, and those after it are read', () => {
  const { journal, store } = fixture();
  const subject = { subjectType: 'container', subjectId: 'c', subjectName: 'n' };
  store.database.transaction(() => {
    for (const attributes of ['{"a":', '{"a":"b"}'])
      store.events.add({ ...subject, time: 1, action: 'x', attributes });
  });
  assert.deepEqual(
    journal.eventsAfter(0, 9).map(({ attributes }) => attributes),
    [{ damaged: 'its attributes is not JSON' }, { a: 'b' }],
  );
});

const entry = (id: string) => ({
  request: { id, asked: 'x', result: `of ${id}` },
  events: [daemonEvent(id, {})],
});

test('a request whose result is waiting for the disk is known, and stored with the result', () => {
  const { journal, store, disk, actions } = fixture();
  disk.problem = 'full';
  journal.record(entry('a'));
  assert.equal(journal.request('a')?.result, 'of a');
  assert.equal(store.requests.get('a'), null);
  disk.problem = null;
  journal.backlog.tryNow();
  assert.equal(store.requests.get('a')?.result, 'of a');
  assert.deepEqual(actions(), ['a']);
});

test('a request that is withdrawn before it is stored is not stored', () => {
  const { journal, store, disk, actions } = fixture();
  disk.problem = 'full';
  journal.record(entry('a'));
  journal.withdraw({ id: 'a' });
  assert.equal(journal.request('a'), null);
  disk.problem = null;
  journal.backlog.tryNow();
  assert.equal(store.requests.get('a'), null);
  assert.deepEqual(actions(), ['a']);
});

test('a decision is stored after the waiting changes, or is refused and forgotten', () => {
  const { journal, disk, actions } = fixture();
  disk.problem = 'full';
  journal.record(entry('a'));
  assert.throws(() => journal.decide(entry('b')), { reason: 'TOO_MANY' });
  assert.equal(journal.request('b'), null);
  disk.problem = null;
  journal.decide(entry('c'));
  assert.deepEqual(actions(), ['a', 'c']);
});

test('a change that frees space waits for a full disk, and is refused by a read-only one', () => {
  const { journal, disk, actions } = fixture();
  disk.problem = 'read-only';
  assert.throws(() => journal.decideUnlessFull(entry('a')), { reason: 'STORE_FAILED' });
  disk.problem = 'full';
  journal.decideUnlessFull(entry('b'));
  assert.match(journal.backlog.problem ?? '', /^1 changes/);
  disk.problem = null;
  journal.backlog.tryNow();
  assert.deepEqual(actions(), ['b']);
});

test('a subscriber is notified once events are stored', async () => {
  const { journal, disk } = fixture();
  let isWoken = false;
  const woken = journal.appended.next().then(() => {
    isWoken = true;
  });
  disk.problem = 'full';
  journal.record(entry('a'));
  await Promise.resolve();
  assert.equal(isWoken, false);
  disk.problem = null;
  journal.backlog.tryNow();
  await woken;
});
