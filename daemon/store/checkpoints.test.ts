import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { until } from '../../test/harness/until.ts';
import { Store } from './store.ts';

const folder = mkdtempSync(join(tmpdir(), 'liker-checkpoints-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const library = join(folder, 'sync-log.so');
before(() => {
  const source = join(import.meta.dirname, '../../test/fixtures/sync-log.c');
  execFileSync('gcc', ['-shared', '-fPIC', '-O1', '-Wall', '-Wextra', '-Werror', '-o', library, source]);
});

const subject = { subjectType: 'container', subjectId: 'c', subjectName: 'n' };
const event = { ...subject, time: 1, action: 'a', attributes: 'x'.repeat(8000) };

/**
 * A process that commits and lets the event loop turn in between, as likerd does, with a pause after every 250 commits. Returns its
 * output, and the syncs of its threads.
 */
function committing(
  file: string,
  last: string,
  {
    commits = 2000,
    pauseMs = 200,
    env = {},
  }: { commits?: number; pauseMs?: number; env?: NodeJS.ProcessEnv } = {},
) {
  const log = join(folder, 'syncs');
  const program = `
    import { copyFileSync, writeFileSync } from 'node:fs';
    import { Store } from '${import.meta.dirname}/store.ts';
    const store = new Store('${file}', { onLoss: (error) => console.log(error.message) });
    writeFileSync('${log}', '');
    copyFileSync('${file}', '${file}.before');
    const event = ${JSON.stringify(event)};
    for (let count = 0; count < ${commits}; count++) {
      store.database.transaction(() => store.events.add(event));
      await new Promise((resolve) => setTimeout(resolve, count % 250 === 249 ? ${pauseMs} : 0));
    }
    ${last}`;
  const said = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
    env: { ...process.env, LD_PRELOAD: library, SYNC_LOG: log, ...env },
  });
  return { said, syncs: readFileSync(log, 'utf8') };
}

test('the event loop does not wait for the disk while the WAL is copied, and nothing is lost', () => {
  const file = join(folder, 'liker.db');
  const { syncs } = committing(file, 'process.exit()');
  const byLoop = syncs.replaceAll('t', '').length;
  const byThread = syncs.length - byLoop;
  // The thread syncs the WAL and the database. When the WAL is reset, SQLite syncs its first page on the loop.
  assert.ok(byThread >= 2 && byLoop <= byThread / 2, syncs);
  using store = new Store(file);
  assert.equal(store.events.last, 2000);
});

test('on a slow disk, thousands of uninterrupted commits block the event loop once, and the WAL stays bounded', () => {
  const file = join(folder, 'slow.db');
  const last = 'process.exit()';
  const { syncs } = committing(file, last, { commits: 5000, pauseMs: 0, env: { SYNC_MS: '50' } });
  const byLoop = syncs.replaceAll('t', '').length;
  // The WAL and the database, and the first page of the next WAL.
  assert.ok(byLoop >= 2 && byLoop <= 6, syncs);
  assert.ok(statSync(`${file}-wal`).size < 64 << 20);
});

test('pages that the disk failed to store stay in the WAL, also after the store is closed', () => {
  const file = join(folder, 'failing.db');
  const end = 'await store.database.end(); store[Symbol.dispose](); process.exit()';
  const { said } = committing(file, end, { env: { SYNC_FAILS: file } });
  assert.match(said, /EIO/);
  // As if nothing written to it had reached the disk.
  copyFileSync(`${file}.before`, file);
  using store = new Store(file);
  assert.equal(store.events.last, 2000);
  assert.equal(store.events.after(0, 10_000).length, 2000);
});

test('commits are copied into the database, and the WAL is reset', async () => {
  const file = join(folder, 'quiet.db');
  using store = new Store(file);
  const commit = () => store.database.transaction(() => store.events.add(event));
  /** The sequence number of the WAL, which counts its resets (https://sqlite.org/fileformat2.html#walformat). */
  const sequence = () => readFileSync(`${file}-wal`).readUInt32BE(12);
  commit();
  const begun = sequence();
  for (let count = 0; count < 400; count++) commit();
  const hasBegunAnew = () => {
    commit();
    return sequence() !== begun;
  };
  await until('a new WAL', hasBegunAnew, { everyMs: 50 });
  const copy = join(folder, 'copy.db');
  copyFileSync(file, copy);
  using db = new DatabaseSync(copy);
  assert.ok(Number(db.prepare('SELECT count(*) AS count FROM event').get()?.['count']) > 100);
  await store.database.end();
});
