import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { startTime } from '../../../../native/test/fixture.ts';
import { until } from '../../../../test/harness/until.ts';
import { mountNamespace, processRow, processTable, withDescendants } from './process-table.ts';

/** The first line of what a script prints, which goes on. */
async function started(t: TestContext, script: string): Promise<{ pid: number; line: string }> {
  const child = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  return { pid: child.pid ?? 0, line: chunk.toString().trim() };
}

test('a process is read whatever its name', async (t) => {
  for (const name of ['a b', 'a) Z 1 1 1 (b', '(', ')) R']) {
    const { pid } = await started(t, `printf '${name}' >/proc/self/comm; echo ready; read x`);
    assert.equal(readFileSync(`/proc/${pid}/comm`, 'utf8'), `${name}\n`);
    const { session } = processRow(process.pid) ?? {};
    assert.deepEqual(processRow(pid), { pid, parentPid: process.pid, session, startTime: startTime(pid) });
  }
});

test('one that has ended and waits to be reaped is none', async (t) => {
  const { pid, line } = await started(t, 'sleep 1000 & echo $!; exec sleep 1000');
  const comm = () => readFileSync(`/proc/${pid}/comm`, 'utf8');
  await until('a parent that reaps nothing', () => comm() === 'sleep\n');
  assert.equal(processRow(Number(line))?.parentPid, pid);
  process.kill(Number(line), 'SIGKILL');
  await until('its end', () => /^State:\s+Z/m.test(readFileSync(`/proc/${line}/status`, 'utf8')));
  assert.equal(processRow(Number(line)), null);
});

test('this process is in the table, as it is by itself', async () => {
  const own = processRow(process.pid);
  assert.equal(own?.parentPid, process.ppid);
  assert.deepEqual(
    (await processTable()).find(({ pid }) => pid === process.pid),
    own,
  );
  assert.match(mountNamespace('self'), /^mnt:\[\d+\]$/);
  assert.equal(processRow(2 ** 30), null);
  assert.equal(mountNamespace(2 ** 30), '');
});

test('all that descend from some, each once, in whatever order they are listed', () => {
  const row = (pid: number, parentPid: number) => ({ pid, parentPid, session: 0, startTime: '' });
  const rows = [row(5, 4), row(4, 2), row(3, 1), row(2, 1), row(1, 0), row(6, 9)];
  const found = (...roots: number[]) =>
    withDescendants(rows, ({ pid }) => roots.includes(pid))
      .map(({ pid }) => pid)
      .sort();
  assert.deepEqual(found(2), [2, 4, 5]);
  assert.deepEqual(found(2, 4, 3), [2, 3, 4, 5]);
  assert.deepEqual(found(9), []);
  // A pid that was reused while the table was read can make a circle.
  const circle = [row(1, 2), row(2, 1)];
  assert.equal(withDescendants(circle, ({ pid }) => pid === 1).length, 2);
});
