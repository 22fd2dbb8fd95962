// If a likerd dies before it has finished something, the next one finishes it.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import type { Facts } from '../daemon/engine/containers/model/facts.ts';
import type { Phase } from '../daemon/engine/containers/model/phase.ts';
import { Api } from './harness/api.ts';
import { Containers } from './harness/containers.ts';
import { isAlive } from './harness/proc.ts';
import { hasCgroups } from './harness/requires.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

const s = suite();
const containers = new Containers(s);

/** Notes each SIGTERM in /terms and goes on. */
const stubborn = ['sh', '-c', 'trap "echo term >>/terms" TERM; echo ready; while :; do sleep 0.05; done'];

async function ready(...ids: readonly string[]): Promise<void> {
  for (const id of ids) await until('it to run', async () => (await s.ok(['logs', id])).includes('ready'));
}

/** The actions of its events, in order. */
async function actions(id: string): Promise<string[]> {
  const events = (await containers.events()).filter(({ containerId }) => containerId === id);
  return events.map(({ action }) => action);
}

const happened = (id: string, action: string) =>
  until(`${action} of ${id}`, async () => (await actions(id)).includes(action));

function terms(id: string): number {
  const file = join(s.daemon.root, 'containers', id, 'upper/terms');
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;
}

/** While no likerd runs, changes the record of a container to the state that a likerd that died at that moment would have left. */
function leave(id: string, change: { readonly phase?: Phase; readonly facts: Partial<Facts> }): void {
  using db = new DatabaseSync(join(s.daemon.root, 'liker.db'));
  const row = db.prepare('SELECT phase, facts FROM container WHERE id = ?').get(id) as Record<string, string>;
  const facts = JSON.stringify({ ...JSON.parse(row['facts'] ?? ''), ...change.facts });
  const phase = change.phase ? JSON.stringify(change.phase) : (row['phase'] ?? '');
  db.prepare('UPDATE container SET phase = ?, facts = ? WHERE id = ?').run(phase, facts, id);
}

function recordOf(id: string): { readonly phase: Phase; readonly facts: Facts } {
  using db = new DatabaseSync(join(s.daemon.root, 'liker.db'));
  const row = db.prepare('SELECT phase, facts FROM container WHERE id = ?').get(id) as Record<string, string>;
  return { phase: JSON.parse(row['phase'] ?? ''), facts: JSON.parse(row['facts'] ?? '') };
}

/** Lets all grace periods of a container end while no likerd runs, however long they are. */
function endGrace(id: string): void {
  const { begun, killsDue } = recordOf(id).facts;
  leave(id, {
    facts: {
      begun: begun && { ...begun, ending: begun.ending && { ...begun.ending, killAt: 0 } },
      killsDue: Object.fromEntries(Object.keys(killsDue).map((number) => [number, 0])),
    },
  });
}

const begun = (verb: 'start' | 'stop' | 'restart' | 'remove', more: object = {}) => ({
  begun: { verb, ending: null, again: false, ...more },
});

const vanish = (signal: 'SIGTERM' | 'SIGKILL') => (signal === 'SIGKILL' ? s.daemon.kill9() : s.daemon.stop());

// One after the other, since each of them kills the daemon.
describe('operations in progress when likerd ends', { concurrency: 1 }, () => {
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    test(`${signal}: a stop, a restart, and the end of an unhealthy container`, async () => {
      const health = ['--health-cmd', 'false', '--health-interval', '200ms', '--health-retries', '1'];
      const [stopped = '', removed = '', restarted = '', unhealthy = ''] = await Promise.all([
        s.detached([], stubborn),
        s.detached(['--rm'], stubborn),
        s.detached(['--restart', 'always'], stubborn),
        s.detached([...health, '--health-on-failure', 'restart', '--stop-timeout', '600'], stubborn),
      ]);
      await ready(stopped, removed, restarted, unhealthy);
      const ids = [stopped, restarted, unhealthy];
      const pids = await Promise.all(ids.map(async (id) => (await s.inspect(id)).State.Pid));
      const clients = [
        s.start(['stop', '-t', '600', stopped, removed]),
        s.start(['restart', '-t', '600', restarted]),
      ];
      await Promise.all([...ids, removed].map((id) => happened(id, 'kill')));
      await until('the signal', () => terms(stopped) === 1);
      await vanish(signal);
      for (const client of clients) client.kill('SIGKILL');
      assert.ok(pids.every(isAlive));
      for (const id of [...ids, removed]) endGrace(id);
      await s.daemon.start();
      await until('the end of the stop', async () => (await containers.state(stopped)) === 'EXITED 137');
      assert.equal(terms(stopped), 1, 'it is not asked a second time');
      await until('the removal', async () => (await s.likerctl(['inspect', removed])).code === 1);
      for (const id of [restarted, unhealthy])
        await until(`${id} to be back`, async () => {
          const { State } = await s.inspect(id);
          return State.Status === 'running' && !pids.includes(State.Pid);
        });
      assert.ok(!pids.some(isAlive));
      await until('the event of the stop', async () => (await actions(stopped)).at(-1) === 'stop');
      assert.deepEqual(await actions(stopped), ['create', 'start', 'kill', 'die', 'stop']);
      const restart = ['create', 'start', 'kill', 'die', 'stop', 'start', 'restart'];
      assert.deepEqual(await actions(restarted), restart);
      assert.equal((await s.inspect(unhealthy)).RestartCount, 1);
      // Completed: the next likerd has nothing left to do.
      await s.daemon.restart();
      assert.deepEqual(await actions(restarted), restart);
      assert.equal(await containers.state(stopped), 'EXITED 137');
      await s.ok(['rm', '-f', ...ids]);
    });
  }

  test('a stop whose signal was not sent yet: the signal is sent, and the container has its grace period', async () => {
    const id = await s.detached(
      [],
      ['sh', '-c', 'trap "exit 8" TERM; echo ready; while :; do sleep 0.05; done'],
    );
    const paused = await s.detached(
      [],
      ['sh', '-c', 'trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done'],
    );
    await ready(id, paused);
    if (hasCgroups) await s.ok(['pause', paused]);
    await s.daemon.kill9();
    for (const each of [id, paused]) {
      const phase = recordOf(each).phase as Extract<Phase, { state: 'running' }>;
      const ending = { main: phase.main, signal: 15, graceMs: 60_000, killAt: null };
      leave(each, { facts: { stopRequested: true, ...begun('stop', { ending }) } });
    }
    await s.daemon.start();
    await until('its own end', async () => (await containers.state(id)) === 'EXITED 8');
    await until('its own end', async () => (await containers.state(paused)) === 'EXITED 9');
    await s.ok(['rm', id, paused]);
  });

  test('a forced removal, a start, and a restart between its two halves', async () => {
    const live = await s.detached([], stubborn);
    const ended = await s.detached([], ['true']);
    const [started = '', restarted = ''] = await Promise.all(
      [1, 2].map(() => s.ok(['create', s.rootfs, 'sleep', '1000'])),
    );
    await s.ok(['wait', ended]);
    const { Pid } = (await s.inspect(live)).State;
    await s.daemon.kill9();
    for (const id of [live, ended]) leave(id, { facts: begun('remove') });
    leave(started, { facts: begun('start') });
    leave(restarted, { facts: { stopRequested: true, ...begun('restart') } });
    await s.daemon.start();
    for (const id of [live, ended])
      await until('its removal', async () => (await s.likerctl(['inspect', id])).code === 1);
    assert.ok(!isAlive(Pid));
    for (const id of [started, restarted])
      await until('it to run', async () => (await containers.state(id)) === 'RUNNING');
    assert.deepEqual(await actions(restarted), ['create', 'start', 'restart']);
    await s.ok(['rm', '-f', started, restarted]);
  });

  test('a start during which two likerds died is not retried by itself, but can be requested again', async () => {
    const id = await s.ok(['create', s.rootfs, 'sleep', '1000']);
    await s.daemon.kill9();
    leave(id, { facts: begun('start', { again: true }) });
    await s.daemon.start();
    assert.equal(await containers.state(id), 'CREATED');
    await until('the log to say so', () => s.daemon.log.includes('two daemons died during this start'));
    await s.ok(['start', id]);
    assert.equal(await containers.state(id), 'RUNNING');
    await s.ok(['rm', '-f', id]);
  });

  test('a process whose client has disconnected is killed after its grace period, and one of ExecSync with its caller', async () => {
    const script = 'trap "" HUP; echo ready; while :; do sleep 0.05; done';
    const holder = await s.detached([], ['sleep', '1000']);
    const run = s.start(['run', '--name', 'hung', '--on-disconnect', 'hangup', s.rootfs, 'sh', '-c', script]);
    const exec = s.start(['exec', holder, 'sh', '-c', `: of an exec; ${script}`]);
    await Promise.all([run.waitFor('ready'), exec.waitFor('ready')]);
    using api = new Api(s.daemon);
    const process = { args: ['sleep', '7654'] };
    const sync = assert.rejects(
      api.call((done) => api.sessions.ExecSync({ container: holder, process }, done as never)),
    );
    await until('the process', async () => (await s.ok(['top', holder])).includes('sleep 7654'));
    const { Id, State } = await s.inspect('hung');
    run.kill('SIGKILL');
    exec.kill('SIGKILL');
    await Promise.all([Id, holder].map((id) => happened(id, 'client_lost')));
    await s.daemon.kill9();
    await sync;
    assert.ok(isAlive(State.Pid));
    for (const id of [Id, holder]) endGrace(id);
    await s.daemon.start();
    await until('its end', async () => (await containers.state(Id)) === 'EXITED 137');
    await until('the end of both', async () => !/of an exec|sleep 7654/.test(await s.ok(['top', holder])));
    const lost = async (id: string) =>
      (await actions(id)).filter((action) => action === 'client_lost').length;
    // One each, and one for the caller of ExecSync, which also belongs to `holder`.
    assert.deepEqual([await lost(Id), await lost(holder)], [1, 2]);
    await s.ok(['rm', '-f', 'hung', holder]);
  });
});
