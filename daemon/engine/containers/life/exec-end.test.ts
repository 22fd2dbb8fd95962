import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { EngineFixture } from '../../../test/engine-fixture.ts';
import { reportOomKills } from './oom.ts';

async function withExec(t: Parameters<typeof EngineFixture.start>[0], options = {}) {
  const engine = EngineFixture.start(t);
  const container = await engine.started();
  const shim = engine.host.shim(container.id);
  const group = engine.host.groups.get(container.id);
  assert.ok(group);
  const exec = await engine.exec(container, options);
  return { engine, container, shim, group, exec, id: exec.identity.processId };
}

test('an exec that ends is stored, its cgroup is removed, and the shim forgets it', async (t) => {
  const { engine, shim, group, exec } = await withExec(t);
  assert.deepEqual(group.execs(), [1]);
  shim.exit(1, { code: 4 });
  await exec.ending;
  assert.equal(exec.exit?.code, 4);
  assert.deepEqual(group.execs(), []);
  await turn();
  assert.equal(shim.received.at(-1), 'taken 1');
  assert.ok(!exec.attachable);
  assert.deepEqual(engine.actions(), ['create', 'start', 'exec_create', 'exec_start', 'exec_die']);
});

test('a process that an exec leaves running continues, and the cgroup is removed after the last one', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { shim, group, exec } = await withExec(t);
  group.remains.add(1);
  shim.exit(1);
  await exec.ending;
  assert.deepEqual(group.execs(), [1]);
  group.remains.clear();
  t.mock.timers.tick(200);
  while (group.execs().length > 0) await turn();
  assert.equal(group.kills, 0);
});

test('if the client of an exec disconnects, the processes that the exec left are killed', async (t) => {
  const { engine, container, group, exec } = await withExec(t, { onDisconnect: 'kill' });
  engine.context.supervision.clientLost(container, exec);
  group.remains.add(1);
  await turn();
  await exec.ending;
  assert.equal(exec.exit?.signal, 9);
  assert.deepEqual([...group.remains], []);
  assert.deepEqual(group.execs(), []);
  assert.deepEqual(container.facts.killsDue, {});
});

test('the most recently ended execs stay known', async (t) => {
  const { engine, container, shim, exec: first } = await withExec(t);
  shim.exit(1);
  await first.ending;
  for (let number = 2; number <= 17; number++) {
    const exec = await engine.exec(container);
    shim.exit(number);
    await exec.ending;
    await turn();
  }
  assert.equal(container.run?.execs.size, 16);
  assert.ok(!container.run?.execs.has(first.identity.processId));
});

test('an exec that fails to start leaves nothing behind', async (t) => {
  const { engine, container, shim, group } = await withExec(t);
  engine.host.onExec = (_, number) => shim.fail(number);
  await assert.rejects(engine.exec(container), { reason: 'COMMAND_NOT_FOUND' });
  assert.deepEqual(group.execs(), [1]);
  assert.equal(container.run?.execs.size, 1);
  assert.deepEqual(engine.context.ledger.execs.rows(container.id).length, 1);
});

test('an exec that is killed for memory says so; one that is killed later does not', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const engine = EngineFixture.start(t);
  const container = await engine.started({ init: false });
  const [shim, group] = [engine.host.shim(container.id), engine.host.groups.get(container.id)];
  assert.ok(group);
  const killed = async (number: number, before = () => {}) => {
    const exec = await engine.exec(container);
    before();
    shim.exit(number, { signal: 9 });
    await exec.ending;
    return exec.exit?.oomKilled;
  };
  const counted = () => {
    group.oomCount += 1;
    reportOomKills(engine.context, container, group.oomCount);
  };
  assert.equal(await killed(1, counted), true, 'nobody has been told of the kill yet');
  t.mock.timers.tick(500);
  assert.equal(await killed(2), false);
  const withVictim = () => {
    const isKilled = (pid: number) => pid === container.run?.process(3)?.host?.pid;
    Object.assign(engine.host.proc, { isKilled });
    counted();
    t.mock.timers.tick(500);
  };
  assert.equal(await killed(3, withVictim), true, 'it was seen to be the victim');
  assert.equal(container.phase.state, 'running');
});
