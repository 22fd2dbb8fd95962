import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { until } from '../../test/harness/until.ts';
import { Store } from './store.ts';

const folder = mkdtempSync(join(tmpdir(), 'liker-checkpoints-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const event = { time: 1, containerId: 'c', containerName: 'n', action: 'a', attributes: 'x'.repeat(8000) };

/** A process that commits 2,000 times and lets the event loop turn in between, as likerd does. Answers who waited for the disk. */
function syncsOf(file: string): string {
  const library = join(folder, 'sync-log.so');
  const source = join(import.meta.dirname, '../../test/fixtures/sync-log.c');
  execFileSync('gcc', ['-shared', '-fPIC', '-Wall', '-Wextra', '-Werror', '-o', library, source]);
  const program = `
    import { writeFileSync } from 'node:fs';
    import { Store } from '${import.meta.dirname}/store.ts';
    const store = new Store('${file}');
    writeFileSync('${folder}/syncs', '');
    const event = ${JSON.stringify(event)};
    for (let count = 0; count < 2000; count++) {
      store.transaction(() => store.addEvent(event));
      await new Promise((resolve) => setTimeout(resolve, count % 250 === 249 ? 200 : 0));
    }
    process.kill(process.pid, 'SIGKILL');`;
  const env = { ...process.env, LD_PRELOAD: library, SYNC_LOG: join(folder, 'syncs') };
  assert.throws(() => execFileSync(process.execPath, ['--input-type=module', '--eval', program], { env }), {
    signal: 'SIGKILL',
  });
  return readFileSync(join(folder, 'syncs'), 'utf8');
}

test('the event loop does not wait for the disk while the WAL is copied, and nothing is lost', () => {
  const file = join(folder, 'liker.db');
  const syncs = syncsOf(file);
  const byLoop = syncs.replaceAll('t', '').length;
  const byThread = syncs.length - byLoop;
  // The WAL in the thread and the database; when it begins anew, SQLite has the loop wait for its first page.
  assert.ok(byThread >= 2 && byLoop <= byThread / 2, syncs);
  using store = new Store(file);
  assert.equal(store.lastSeq, 2000);
});

test('what was committed comes into the database, and the WAL begins anew', async () => {
  const file = join(folder, 'quiet.db');
  using store = new Store(file);
  const commit = () => store.transaction(() => store.addEvent(event));
  /** Of the WAL: counts its beginnings (https://sqlite.org/fileformat2.html#walformat). */
  const sequence = () => readFileSync(`${file}-wal`).readUInt32BE(12);
  commit();
  const before = sequence();
  for (let count = 1; count < 256; count++) commit();
  await until('a new WAL', () => commit() > 0 && sequence() !== before, { everyMs: 50 });
  const copy = join(folder, 'copy.db');
  copyFileSync(file, copy);
  using db = new DatabaseSync(copy);
  assert.ok(Number(db.prepare('SELECT count(*) AS count FROM event').get()?.['count']) >= 256);
});
