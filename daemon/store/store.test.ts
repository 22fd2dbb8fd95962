import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { Store } from './store.ts';

const folder = mkdtempSync(join(tmpdir(), 'liker-store-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const row = (id: string) => ({ id, name: `n-${id}`, createdAt: 1, spec: '{}', phase: '{}', facts: '{}' });
const event = (action: string, time = 1) => ({
  time,
  containerId: 'c',
  containerName: 'n',
  action,
  attributes: '{}',
});

test('a transaction that throws leaves neither rows nor event numbers', () => {
  using store = new Store(join(folder, 'rollback.db'));
  store.transaction(() => store.addEvent(event('first')));
  assert.throws(() =>
    store.transaction(() => {
      store.insertContainer(row('a'));
      store.addEvent(event('lost'));
      throw new Error('no');
    }),
  );
  assert.deepEqual(store.containers(), []);
  assert.equal(store.lastSeq, 1);
  store.transaction(() => store.addEvent(event('second')));
  assert.deepEqual(
    store.eventsAfter(0, 10).map(({ seq, action }) => [seq, action]),
    [
      [1, 'first'],
      [2, 'second'],
    ],
  );
});

test('event numbers go on after the database is opened again', () => {
  const file = join(folder, 'again.db');
  {
    using store = new Store(file);
    store.transaction(() => store.addEvent(event('one', 100)));
    store.transaction(() => store.addEvent(event('two', 200)));
  }
  using store = new Store(file);
  assert.equal(store.lastSeq, 2);
  assert.equal(
    store.transaction(() => store.addEvent(event('three', 300))),
    3,
  );
  assert.equal(store.seqBefore(200), 1);
  assert.equal(store.seqBefore(1000), 3);
});

test('two containers cannot have one name', () => {
  using store = new Store(join(folder, 'name.db'));
  store.insertContainer(row('a'));
  assert.throws(() => store.insertContainer({ ...row('b'), name: 'n-a' }));
});

test('removing a container removes its execs and keeps how it ended', () => {
  using store = new Store(join(folder, 'remove.db'));
  store.insertContainer(row('a'));
  store.insertExec({ id: 'e', containerId: 'a', number: 1, spec: '{}', onDisconnect: 'keep', exit: null });
  store.deleteContainer('a', 'n-a', '{"code":3}');
  assert.deepEqual(store.execs('a'), []);
  assert.equal(store.tombstone('a')?.exit, '{"code":3}');
});

test('the trace of a removal is kept for ten minutes of a running daemon, whatever the clock says', (t) => {
  const file = join(folder, 'age.db');
  let steady = 1000;
  t.mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_000 });
  {
    using store = new Store(file, { steadyMs: () => steady });
    store.insertContainer(row('a'));
    store.deleteContainer('a', 'n-a', null);
    store.insertRequest({ id: 'r', asked: 'x', result: 'a' });
    t.mock.timers.setTime(1_800_000_000_000);
    assert.deepEqual({ ...store.request('r') }, { id: 'r', asked: 'x', result: 'a' });
    steady += 6 * 60_000;
  }
  // A machine that was started again: its steady clock begins anew.
  steady = 5;
  using store = new Store(file, { steadyMs: () => steady });
  assert.ok(store.tombstone('a'));
  assert.deepEqual({ ...store.request('r') }, { id: 'r', asked: 'x', result: 'a' });
  steady += 10 * 60_000;
  assert.equal(store.request('r'), null);
});

test('the database of the version before is brought up: its requests and events are kept, and it has an id', () => {
  const file = join(folder, 'version-1.db');
  {
    using _ = new Store(file);
  }
  const db = new DatabaseSync(file);
  db.exec('DROP TABLE store; ALTER TABLE request DROP COLUMN asked; PRAGMA user_version = 1');
  db.exec("INSERT INTO request (id, time, result) VALUES ('old', 0, 'a')");
  db.close();
  let id = '';
  {
    using store = new Store(file);
    ({ id } = store);
    assert.match(id, /^[0-9a-f]{32}$/);
    assert.deepEqual({ ...store.request('old') }, { id: 'old', asked: '', result: 'a' });
  }
  using again = new Store(file);
  assert.equal(again.id, id);
});

test('a second daemon on the same database is refused', () => {
  const file = join(folder, 'locked.db');
  using _first = new Store(file);
  const second = `import { Store } from '${import.meta.dirname}/store.ts'; new Store('${file}');`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', second], {
    encoding: 'utf8',
  });
  assert.match(stderr, /database is locked/);
});

test('a database that a newer likerd wrote is refused, and named', () => {
  const file = join(folder, 'newer.db');
  const db = new DatabaseSync(file);
  db.exec('PRAGMA user_version = 999');
  db.close();
  assert.throws(
    () => new Store(file),
    (error: Error) => error.message.includes(file) && error.message.includes('999'),
  );
});
