import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bootId, firstChild, isKilled, processFacts, statTellsOfKill, uptimeMs } from './processes.ts';

function factsOf(pid: number) {
  const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'latin1');
  const files = { pid, stat: read('stat'), status: read('status'), cmdline: read('cmdline') };
  return processFacts(files, Date.now() - uptimeMs());
}

test('this process is described correctly', () => {
  const facts = factsOf(process.pid);
  assert.equal(facts.parentPid, process.ppid);
  assert.equal(facts.uid, process.geteuid?.());
  assert.equal(facts.containerPid, process.pid);
  assert.equal(facts.args[0], process.argv0);
  assert.ok(facts.rssBytes > 1e6);
  assert.ok(Math.abs(facts.startedAt - (Date.now() - process.uptime() * 1000)) < 1000);
});

test('a name with blanks and parentheses is parsed correctly', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'liker-proc-'));
  try {
    const program = join(folder, 'a) S 1 (x) ');
    copyFileSync('/bin/sleep', program);
    const child = spawn(program, ['100'], { stdio: 'ignore' });
    await once(child, 'spawn');
    const facts = factsOf(child.pid ?? 0);
    assert.equal(facts.name, 'a) S 1 (x) ');
    assert.equal(facts.parentPid, process.pid);
    assert.deepEqual(facts.args, [program, '100']);
    child.kill('SIGKILL');
    await once(child, 'exit');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a process with a pending SIGKILL is reported, even while it cannot act on it', async () => {
  const child = spawn('sleep', ['100'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  assert.equal(isKilled(pid), false);
  assert.equal(firstChild(pid), 0);
  process.kill(pid, 'SIGKILL');
  assert.equal(isKilled(pid), true);
  await once(child, 'exit');
});

test('a process that has taken its SIGKILL and has not begun to exit is reported, a stopped one is not', () => {
  const taken = (exitCode: number) =>
    statTellsOfKill(`7 (sleep) R 1 7 7 0 -1 0${' 0'.repeat(42)} ${exitCode}`);
  assert.equal(taken(9), true);
  assert.equal(taken(19), false);
  assert.equal(taken(9 << 8), false);
});

test('the boot has an id', () => assert.match(bootId(), /^[0-9a-f-]{36}$/));
