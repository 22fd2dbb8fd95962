// Restart policies, time limits and stops also work if likerd or the shim dies in the middle.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { Containers } from './harness/containers.ts';
import { suite } from './harness/suite.ts';
import { takeOverShim } from './harness/take-over-shim.ts';
import { until } from './harness/until.ts';

const s = suite();
const containers = new Containers(s);
const always = { restart: { name: 'NAME_ALWAYS' } } as const;
const becomes = (id: string, state: string) =>
  until(`${id} to be ${state}`, async () => (await containers.state(id)) === state);

test('inspect shows the pending restart, and only SIGKILL cancels it', async () => {
  const policy = { restart: { name: 'NAME_ON_FAILURE', maxRetries: 9 } } as const;
  const id = await containers.start(['sh', '-c', 'exit 3'], policy);
  await until('a longer pause', async () => (await containers.get(id)).restartCount === 4);
  await becomes(id, 'RESTARTING');
  const seen = await s.inspect(id);
  assert.ok(seen.RestartCount >= 4);
  assert.deepEqual(seen.HostConfig.RestartPolicy, { Name: 'on-failure', MaximumRetryCount: 9 });
  assert.deepEqual([seen.State.Restarting, seen.State.ExitCode], [true, 3]);
  const kill = (signal: string) =>
    s.api.call((done) => s.api.containers.KillContainer({ container: id, signal }, done as never));
  await assert.rejects(kill('HUP'), /it is about to be restarted; stop it, or send SIGKILL/);
  const before = (await containers.get(id)).restartCount;
  await until('another restart', async () => (await containers.get(id)).restartCount > before);
  await kill('KILL');
  assert.equal(await containers.state(id), 'EXITED 3');
  await containers.remove(id);
});

test('a container stopped by a call stays stopped, and one that exited restarts, even if likerd saw neither', async () => {
  const slow = ['sh', '-c', 'trap "echo asked; sleep 0.5; exit 4" TERM; while :; do sleep 0.05; done'];
  const [stopped, killed, ended] = await Promise.all([
    containers.start(slow, always),
    containers.start(['sleep', '1000'], always),
    containers.start(['sh', '-c', 'exit 5'], always),
  ]);
  // A stopped shim cannot report the end to this daemon.
  const { shimPid } = await containers.get(killed);
  process.kill(shimPid, 'SIGSTOP');
  try {
    await s.ok(['kill', killed]);
    const stop = s.start(['stop', stopped]);
    await until('it to be asked', async () => (await s.likerctl(['logs', stopped])).stdout.includes('asked'));
    await becomes(ended, 'RESTARTING');
    await s.daemon.kill9();
    await stop.outcome;
  } finally {
    process.kill(shimPid, 'SIGCONT');
  }
  // The state after a daemon that died after it released the shim, and before the policy restarted the container.
  using db = new DatabaseSync(join(s.daemon.root, 'liker.db'));
  const row = db.prepare('SELECT phase FROM container WHERE id = ?').get(ended) as { phase: string };
  const { exit } = JSON.parse(row.phase) as { exit: object };
  db.prepare('UPDATE container SET phase = ? WHERE id = ?').run(
    JSON.stringify({ state: 'exited', exit }),
    ended,
  );
  db.close();
  await s.daemon.start();
  const { restartCount } = await containers.get(ended);
  await until('another life', async () => (await containers.get(ended)).restartCount > restartCount);
  await becomes(stopped, 'EXITED 4');
  await becomes(killed, 'EXITED 137');
  await containers.remove(stopped, killed, ended);
});

test('a start and an exit that no likerd has stored are in the first answer of the next one', async () => {
  const ids = await Promise.all(Array.from({ length: 40 }, () => containers.start(['sleep', '1000'])));
  const pids = await Promise.all(ids.map(async (id) => (await containers.get(id)).pid));
  await s.daemon.kill9();
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await until('their ends', () => ids.every((id) => existsSync(join(s.daemon.run, 'c', id, 'exit.0'))));
  // The state after a daemon that died when it had asked the shims to start them.
  using db = new DatabaseSync(join(s.daemon.root, 'liker.db'));
  const forget = db.prepare('UPDATE container SET phase = ? WHERE id = ?');
  for (const id of ids) forget.run(JSON.stringify({ state: 'created' }), id);
  db.close();
  const list = () =>
    s.api.call<{ containers: readonly { state: string }[] }>((done) =>
      s.api.containers.ListContainers({ all: true }, done as never),
    );
  let states: readonly string[] = [];
  const answered = until('an answer', async () => {
    states = (await list().catch(() => ({ containers: [] }))).containers.map(({ state }) => state);
    return states.length > 0;
  });
  await Promise.all([s.daemon.start(), answered]);
  assert.deepEqual(states, Array(ids.length).fill('CONTAINER_STATE_EXITED'));
  await containers.remove(...ids);
});

test('--timeout ends an orphan, also under the next likerd', async () => {
  const id = await containers.start(['sleep', '1000'], { timeoutSeconds: 2 });
  process.kill((await containers.get(id)).shimPid, 'SIGKILL');
  await becomes(id, 'ORPHANED');
  await s.daemon.kill9();
  await s.daemon.start();
  await becomes(id, 'EXITED 255');
  await containers.remove(id);
});

test('--timeout applies to one run, even if the connection to the shim was lost in the run before', async () => {
  const id = await containers.start(['sleep', '1000'], { timeoutSeconds: 2 });
  await takeOverShim(s, id);
  await until('it to be found again', () =>
    s.daemon.log.includes('connection to a shim was lost and is restored'),
  );
  await s.ok(['restart', '-t', '0', id]);
  await becomes(id, 'EXITED 137');
  const { State } = await s.inspect(id);
  const lifeMs = Date.parse(State.FinishedAt) - Date.parse(State.StartedAt);
  assert.ok(lifeMs >= 1900, `it lived for ${lifeMs} ms`);
  await containers.remove(id);
});
