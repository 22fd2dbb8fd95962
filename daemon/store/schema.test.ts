import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { Store } from './store.ts';

const folder = mkdtempSync(join(tmpdir(), 'liker-schema-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The SQL that released versions ran on a new database, by version of the schema. Not shared with schema.ts, which could change. */
const versions = [
  `
  CREATE TABLE container (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    spec TEXT NOT NULL,
    phase TEXT NOT NULL,
    facts TEXT NOT NULL
  ) STRICT;
  CREATE TABLE exec (
    id TEXT PRIMARY KEY,
    container_id TEXT NOT NULL REFERENCES container (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    spec TEXT NOT NULL,
    on_disconnect TEXT NOT NULL,
    exit TEXT
  ) STRICT;
  CREATE INDEX exec_container ON exec (container_id);
  CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,
    container_id TEXT NOT NULL,
    container_name TEXT NOT NULL,
    action TEXT NOT NULL,
    attributes TEXT NOT NULL
  ) STRICT;
  CREATE TABLE request (
    id TEXT PRIMARY KEY,
    time INTEGER NOT NULL,
    result TEXT NOT NULL
  ) STRICT;
  CREATE TABLE tombstone (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    time INTEGER NOT NULL,
    exit TEXT
  ) STRICT;
  PRAGMA user_version = 1;
  `,
  `
  CREATE TABLE store (id TEXT NOT NULL) STRICT;
  INSERT INTO store (id) VALUES (lower(hex(randomblob(16))));
  ALTER TABLE request ADD COLUMN asked TEXT NOT NULL DEFAULT '';
  PRAGMA user_version = 2;
  `,
  `
  ALTER TABLE event RENAME COLUMN container_id TO subject_id;
  ALTER TABLE event RENAME COLUMN container_name TO subject_name;
  ALTER TABLE event ADD COLUMN subject_type TEXT NOT NULL DEFAULT 'container';
  UPDATE event SET subject_type = 'daemon' WHERE subject_id = '';
  PRAGMA user_version = 3;
  `,
];

/** A database of an earlier version, with these rows in it. */
function older(version: number, rows: string): string {
  const file = join(folder, `version-${version}.db`);
  const db = new DatabaseSync(file);
  db.exec('PRAGMA journal_mode = WAL');
  for (const sql of versions.slice(0, version)) db.exec(sql);
  db.exec(rows);
  db.close();
  return file;
}

const rows = `
  INSERT INTO container (id, name, created_at, spec, phase, facts) VALUES ('a', 'web', 5, '{"s":1}', '{"p":1}', '{"f":1}');
  INSERT INTO exec (id, container_id, number, spec, on_disconnect, exit) VALUES ('e', 'a', 7, '{"x":1}', 'keep', NULL);
  INSERT INTO event (seq, time, container_id, container_name, action, attributes) VALUES
    (41, 100, 'a', 'web', 'start', '{"image":"/"}'),
    (42, 200, '', '', 'set_aside', '{"why":"x"}');
  INSERT INTO tombstone (id, name, time, exit) VALUES ('b', 'gone', 0, '{"code":3}');
`;

test('a database of version 2 is migrated: all its rows are kept, and its events have subjects', () => {
  const request = "INSERT INTO request (id, time, asked, result) VALUES ('r', 0, 'digest', 'a')";
  const file = older(2, `${rows} ${request}`);
  let id = '';
  {
    using store = new Store(file);
    ({ id } = store);
    const container = {
      id: 'a',
      name: 'web',
      createdAt: 5,
      spec: '{"s":1}',
      phase: '{"p":1}',
      facts: '{"f":1}',
    };
    assert.deepEqual(plain(store.containers.all()), [container]);
    const exec = { id: 'e', containerId: 'a', number: 7, spec: '{"x":1}', onDisconnect: 'keep', exit: null };
    assert.deepEqual(plain(store.execs.of('a')), [exec]);
    assert.deepEqual({ ...store.requests.get('r') }, { id: 'r', asked: 'digest', result: 'a' });
    assert.deepEqual({ ...store.tombstones.get('b') }, { id: 'b', name: 'gone', exit: '{"code":3}' });
    const web = { subjectType: 'container', subjectId: 'a', subjectName: 'web' };
    const likerd = { subjectType: 'daemon', subjectId: '', subjectName: '' };
    assert.deepEqual(plain(store.events.after(0, 10)), [
      { seq: 41, time: 100, ...web, action: 'start', attributes: '{"image":"/"}' },
      { seq: 42, time: 200, ...likerd, action: 'set_aside', attributes: '{"why":"x"}' },
    ]);
    assert.deepEqual([store.events.oldest, store.events.last], [41, 42]);
    const network = { subjectType: 'network', subjectId: 'n', subjectName: 'net' };
    store.database.transaction(() => {
      const event = { time: 300, ...network, action: 'create', attributes: '{}' };
      assert.equal(store.events.add(event), 43);
    });
  }
  using again = new Store(file);
  assert.equal(again.id, id);
  assert.deepEqual(
    again.events.after(40, 10).map(({ subjectType }) => subjectType),
    ['container', 'daemon', 'network'],
  );
});

test('a database of version 1 is migrated: its requests are kept, and it has an id', () => {
  const file = older(1, `${rows} INSERT INTO request (id, time, result) VALUES ('old', 0, 'a')`);
  using store = new Store(file);
  assert.match(store.id, /^[0-9a-f]{32}$/);
  assert.deepEqual({ ...store.requests.get('old') }, { id: 'old', asked: '', result: 'a' });
  assert.equal(store.events.after(41, 1)[0]?.subjectType, 'daemon');
});

test('a database of version 3 is migrated: its containers have no range of ids, and new ones can', () => {
  const container = "INSERT INTO container VALUES ('a', 'web', 5, '{}', '{}', '{}')";
  using store = new Store(older(3, container));
  assert.deepEqual(store.idRanges.starts(), []);
  store.database.transaction(() => store.idRanges.insert('a', 600_000));
  assert.deepEqual(store.idRanges.starts(), [600_000]);
});

test('a database that a newer likerd wrote is refused and left as it is', () => {
  const file = join(folder, 'newer.db');
  const db = new DatabaseSync(file);
  db.exec('PRAGMA user_version = 999');
  assert.throws(() => new Store(file), {
    reason: 'STORE_FAILED',
    message: `Cannot open the database '${file}': its schema has version 999, and this likerd knows at most 10; run the likerd that wrote it, or a newer one`,
  });
  assert.equal(db.prepare('PRAGMA user_version').get()?.['user_version'], 999);
  db.close();
});

/** Rows without the null prototype that node:sqlite gives them. */
function plain<Row extends object>(rows: readonly Row[]): Row[] {
  return rows.map((row) => ({ ...row }));
}
