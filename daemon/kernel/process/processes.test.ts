import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { childrenOf } from '../../../test/harness/proc.ts';
import { until } from '../../../test/harness/until.ts';
import { atOnce } from '../../loop/crowd.ts';
import { encodeListing } from '../plan/encode.ts';
import { Processes } from './processes.ts';

test('many requests for the processes of a container are served a few at a time', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lk-listing-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const list = join(folder, 'cgroup.procs');
  // Whoever reads the list waits.
  execFileSync('mkfifo', [list]);
  using processes = new Processes();
  const listings = Promise.all(
    Array.from({ length: 4 * atOnce }, () => processes.list(encodeListing({ folder }))),
  );
  // Its process is born after those of the listings that were let in.
  await assert.rejects(processes.lookUp(encodeListing({ folder: join(folder, 'none') })), {
    reason: 'TIMED_OUT',
  });
  const born = childrenOf(process.pid).length;
  const writer = openSync(list, 'r+');
  writeFileSync(join(folder, 'empty'), '');
  renameSync(join(folder, 'empty'), list);
  closeSync(writer);
  for (const { total } of await listings) assert.equal(total, 0);
  assert.ok(born > 0 && born <= atOnce + 1, `${born} processes at once`);
  await until('all have ended', () => childrenOf(process.pid).length === 0);
});

test('a process that ends while processes are listed is not one that is not shown', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'lk-listing-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { pid: ended } = spawnSync('true');
  writeFileSync(join(folder, 'cgroup.procs'), `${process.pid}\n${ended}\n`);
  using processes = new Processes();
  const { processes: listed, total } = await processes.list(encodeListing({ folder }));
  assert.deepEqual(
    listed.map(({ pid }) => pid),
    [process.pid],
  );
  assert.equal(total, 1);
});
