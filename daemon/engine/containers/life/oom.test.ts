import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { firstChild, isKilled } from '../../../kernel/proc/processes.ts';
import { EngineFixture } from '../../../test/engine-fixture.ts';
import { startContainer } from '../verbs/start.ts';
import { reportOomKills } from './oom.ts';

/** A container that runs with a process of this machine in the place of its init. */
async function runningAs(t: TestContext, pid: number) {
  const engine = EngineFixture.start(t);
  Object.assign(engine.host.proc, { firstChild, isKilled });
  const container = await engine.create({ init: true });
  engine.host.onSpawn = (shim) => {
    Object.assign(shim.held.get(0) ?? {}, { pid });
    shim.start();
  };
  await startContainer(engine.context, container);
  const told = () =>
    engine.context.journal
      .eventsAfter(0, 100)
      .filter(({ action }) => action === 'oom')
      .map(({ attributes }) => [attributes['count'], attributes['mainKilled']]);
  return { engine, container, told, tell: () => reportOomKills(engine.context, container, 1) };
}

/** In the place of an init: its child lives until it is killed. */
async function parentOf(t: TestContext, script: string) {
  const parent = spawn('sh', ['-c', `${script} & echo; wait`], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(parent.stdout, 'data');
  const pid = parent.pid ?? 0;
  const child = firstChild(pid) ?? 0;
  t.after(() => {
    for (const id of [child, pid]) process.kill(id, 'SIGKILL');
  });
  return { pid, child };
}

test('an OOM kill whose victim has already been reported as exited is reported with that exit', async (t) => {
  const childless = spawn('sleep', ['1000']);
  t.after(() => childless.kill('SIGKILL'));
  const { told, tell } = await runningAs(t, childless.pid ?? 0);
  tell();
  assert.deepEqual(told(), []);
});

test('an OOM kill that is counted before its signal is sent is not taken for the kill of a child', async (t) => {
  const { pid, child } = await parentOf(t, 'sleep 1000');
  const { container, told, tell } = await runningAs(t, pid);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  tell();
  assert.deepEqual(told(), [], 'nobody knows yet whom it hits');
  // Its parent does not reap it: it stays as it is while its end is under way.
  process.kill(pid, 'SIGSTOP');
  process.kill(child, 'SIGKILL');
  while (!readFileSync(`/proc/${child}/stat`, 'utf8').includes(') Z ')) await setImmediate();
  t.mock.timers.tick(500);
  assert.deepEqual(told(), [['1', 'true']]);
  assert.ok(container.facts.oomHitMain);
});

test('an OOM kill of a child is reported a moment later', async (t) => {
  const { pid } = await parentOf(t, 'sleep 1000');
  const { container, told, tell } = await runningAs(t, pid);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  tell();
  t.mock.timers.tick(500);
  assert.deepEqual(told(), [['1', 'false']]);
  assert.deepEqual([container.facts.oomKills, container.facts.oomHitMain], [1, false]);
});

test('an OOM kill is not reported for the next run', async (t) => {
  const { pid } = await parentOf(t, 'sleep 1000');
  const { engine, container, told, tell } = await runningAs(t, pid);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  tell();
  await engine.ends(container);
  await startContainer(engine.context, container);
  t.mock.timers.tick(500);
  assert.deepEqual(told(), []);
});
