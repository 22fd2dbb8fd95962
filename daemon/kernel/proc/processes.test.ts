import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { bootId, isSame, readProcess, startTime } from './processes.ts';

test('this very process is told as it is', () => {
  const facts = readProcess(process.pid);
  assert.ok(facts);
  assert.equal(facts.ppid, process.ppid);
  assert.equal(facts.uid, process.geteuid?.());
  assert.equal(facts.containerPid, process.pid);
  assert.equal(facts.args[0], process.argv0);
  assert.ok(facts.rssBytes > 1e6);
  assert.ok(Math.abs(facts.startedAt - (Date.now() - process.uptime() * 1000)) < 1000);
  assert.equal(facts.startTimeTicks, startTime(process.pid));
});

test('a name with blanks and parentheses confuses nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'liker-proc-'));
  try {
    const program = join(folder, 'a) S 1 (x) ');
    copyFileSync('/bin/sleep', program);
    const child = spawn(program, ['100'], { stdio: 'ignore' });
    await once(child, 'spawn');
    const facts = readProcess(child.pid ?? 0);
    assert.equal(facts?.name, 'a) S 1 (x) ');
    assert.equal(facts?.ppid, process.pid);
    assert.deepEqual(facts?.args, [program, '100']);
    assert.match(facts?.startTimeTicks ?? '', /^\d{3,}$/);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.equal(readProcess(child.pid ?? 0), null);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('T39: a pid alone does not make it the same process', () => {
  const time = startTime(process.pid) ?? '';
  assert.equal(isSame({ pid: process.pid, startTime: time }), true);
  assert.equal(isSame({ pid: process.pid, startTime: String(Number(time) - 1) }), false);
  assert.equal(isSame({ pid: 0x3fffff, startTime: time }), false);
  assert.equal(startTime(0x3fffff), null);
});

test('the boot has an id', () => assert.match(bootId(), /^[0-9a-f-]{36}$/));
