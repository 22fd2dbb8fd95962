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
  subjectType: 'container',
  subjectId: 'c',
  subjectName: 'n',
  action,
  attributes: '{}',
});
const commit = (store: Store, change: () => void) => store.database.transaction(change);

test('a transaction that throws leaves neither rows nor event numbers', () => {
  using store = new Store(join(folder, 'rollback.db'));
  commit(store, () => store.events.add(event('first')));
  assert.throws(() =>
    commit(store, () => {
      store.containers.insert(row('a'));
      store.events.add(event('lost'));
      throw new Error('no');
    }),
  );
  assert.deepEqual(store.containers.all(), []);
  assert.equal(store.events.last, 1);
  commit(store, () => store.events.add(event('second')));
  assert.deepEqual(
    store.events.after(0, 10).map(({ seq, action }) => [seq, action]),
    [
      [1, 'first'],
      [2, 'second'],
    ],
  );
});

test('a number that no likerd writes holds up no other row', () => {
  const file = join(folder, 'numbers.db');
  const greatest = 2n ** 63n - 1n;
  {
    using store = new Store(file);
    commit(store, () => {
      for (const id of ['a', 'b']) store.containers.insert(row(id));
      for (const action of ['first', 'second']) store.events.add(event(action));
    });
  }
  {
    using db = new DatabaseSync(file);
    db.prepare("UPDATE container SET created_at = ? WHERE id = 'a'").run(greatest);
    db.prepare('UPDATE event SET seq = ? WHERE seq = 2').run(greatest);
    db.prepare("UPDATE sqlite_sequence SET seq = ? WHERE name = 'event'").run(greatest);
  }
  using store = new Store(file);
  assert.deepEqual({ ...store.containers.all()[1] }, row('b'));
  assert.equal(store.containers.all()[0]?.createdAt, Number(greatest));
  commit(store, () => store.events.add(event('third')));
  assert.deepEqual(
    store.events.after(0, 10).map(({ seq, action }) => [seq, action]),
    [
      [1, 'first'],
      [2, 'third'],
    ],
  );
});

test('event numbers continue after the database is opened again', () => {
  const file = join(folder, 'again.db');
  {
    using store = new Store(file);
    commit(store, () => store.events.add(event('one', 100)));
    commit(store, () => store.events.add(event('two', 200)));
  }
  using store = new Store(file);
  assert.equal(store.events.last, 2);
  commit(store, () => assert.equal(store.events.add(event('three', 300)), 3));
  assert.equal(store.events.seqBefore(200), 1);
  assert.equal(store.events.seqBefore(1000), 3);
});

test('two containers cannot have the same name', () => {
  using store = new Store(join(folder, 'name.db'));
  store.containers.insert(row('a'));
  assert.throws(() => store.containers.insert({ ...row('b'), name: 'n-a' }));
});

test('deleting a container deletes its execs', () => {
  using store = new Store(join(folder, 'remove.db'));
  store.containers.insert(row('a'));
  store.execs.insert({ id: 'e', containerId: 'a', number: 1, spec: '{}', onDisconnect: 'keep', exit: null });
  store.containers.delete('a');
  assert.deepEqual(store.execs.of('a'), []);
});

test('requests and tombstones are kept for ten minutes of daemon uptime, whatever the clock says', (t) => {
  const file = join(folder, 'age.db');
  let steady = 1000;
  t.mock.timers.enable({ apis: ['Date'], now: 1_700_000_000_000 });
  {
    using store = new Store(file, { steadyMs: () => steady });
    store.tombstones.insert({ id: 'a', name: 'n-a', exit: null });
    store.requests.insert({ id: 'r', asked: 'x', result: 'a' });
    t.mock.timers.setTime(1_800_000_000_000);
    assert.deepEqual({ ...store.requests.get('r') }, { id: 'r', asked: 'x', result: 'a' });
    steady += 6 * 60_000;
  }
  // After a reboot the steady clock starts over.
  steady = 5;
  using store = new Store(file, { steadyMs: () => steady });
  assert.ok(store.tombstones.get('a'));
  assert.deepEqual({ ...store.requests.get('r') }, { id: 'r', asked: 'x', result: 'a' });
  steady += 10 * 60_000;
  assert.equal(store.requests.get('r'), null);
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
