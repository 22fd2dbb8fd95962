// Processes that an exec leaves running live on with the container, as in Docker; they end when the client is lost, and with the container.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { isAlive, parentOf, pids, readProc } from './harness/proc.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

const s = suite();

/** Processes with these arguments. */
function named(command: string): number[] {
  return pids().filter(
    (pid) => readProc(pid, 'cmdline').replaceAll('\0', ' ').trim() === command && isAlive(pid),
  );
}

/** The pid of a sleep of this duration, once there is one. */
async function sleeper(seconds: number): Promise<number> {
  return until(`sleep ${seconds}`, () => named(`sleep ${seconds}`)[0] ?? null);
}

async function ended(pid: number): Promise<void> {
  await until(`the end of ${pid}`, () => !isAlive(pid));
}

/** A container's group in the hierarchy that tracks its processes. */
async function trackedGroup(id: string): Promise<string> {
  const { CgroupPaths } = await s.inspect(id);
  return CgroupPaths['v2'] ?? CgroupPaths['freezer'] ?? '';
}

function execGroupsIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.startsWith('exec-'));
}

async function execGroups(id: string): Promise<string[]> {
  return execGroupsIn(await trackedGroup(id));
}

test('the cgroup of an exec is removed before its client sees the exit', async () => {
  const id = await s.detached([], ['sleep', '100000']);
  const group = await trackedGroup(id);
  for (let round = 0; round < 100; round += 1) {
    const request = { container: id, process: { args: ['true'] } };
    await s.api.call((callback) => s.api.sessions.ExecSync(request, callback as never));
    assert.deepEqual(execGroupsIn(group), [], `round ${round}`);
  }
  await s.ok(['rm', '-f', id]);
});

describe('a process that an exec leaves running', { concurrency: 4 }, () => {
  test('continues: top lists it, it is limited, the init reaps it, and its cgroup is removed when it ends', async () => {
    const id = await s.detached(['--memory', '64m'], ['sleep', '100000']);
    const { CgroupPaths, State } = await s.inspect(id);
    // As service(8) starts a daemon: without the terminal or the pipes.
    const daemon = 'setsid sleep 65440 </dev/null >/dev/null 2>&1 & echo done';
    assert.equal(await s.ok(['exec', id, 'sh', '-c', daemon]), 'done');
    const pid = await sleeper(65440);
    assert.equal(parentOf(pid), State.Pid, 'a child of the init');
    assert.match(await s.ok(['top', id]), /sleep 65440/);
    for (const folder of Object.values(CgroupPaths)) {
      const own = folder.slice(folder.indexOf(`/${s.daemon.cgroup}/`));
      assert.ok(readProc(pid, 'cgroup').includes(`:${own}`), folder);
    }
    assert.equal((await execGroups(id)).length, 1);
    process.kill(pid, 'SIGKILL');
    await until('its group to go', async () => (await execGroups(id)).length === 0);
    assert.ok(!existsSync(`/proc/${pid}`), 'no zombie');
    await s.ok(['rm', '-f', id]);
  });

  test('may keep the output open and go on writing: the session ends, and the process is neither killed nor blocked', async () => {
    const id = await s.detached([], ['sleep', '100000']);
    const left =
      'until [ -e /go ]; do sleep 0.05; done; seq 1 100000; seq 1 100000 >&2; echo >/written; exec sleep 65441';
    assert.equal(await s.ok(['exec', id, 'sh', '-c', `(${left}) & echo done`]), 'done');
    await s.ok(['exec', id, 'touch', '/go']);
    const pid = await sleeper(65441);
    await s.ok(['exec', id, 'test', '-e', '/written']);
    await s.ok(['stop', '-t', '0', id]);
    assert.ok(!isAlive(pid));
    await s.ok(['rm', id]);
  });

  test('may keep the terminal open: the session ends, and the process continues without one', async () => {
    const id = await s.detached([], ['sleep', '100000']);
    const shell = s.terminal(['exec', '-it', id, 'bash', '-c', 'trap "" HUP; sleep 65442 & echo done']);
    assert.equal(await shell.exit, 0);
    assert.match(shell.history(), /done/);
    const pid = await sleeper(65442);
    await s.ok(['kill', id]);
    await ended(pid);
    await s.ok(['rm', '-f', id]);
  });

  test("ends with a container in the host's pid namespace, and is reaped there", async () => {
    const id = await s.detached(['--pid', 'host'], ['sleep', '100000']);
    await s.ok(['exec', id, 'sh', '-c', 'sleep 65443 >/dev/null 2>&1 & sleep 65444 >/dev/null 2>&1 &']);
    const [first, second] = [await sleeper(65443), await sleeper(65444)];
    assert.equal(parentOf(first), (await s.inspect(id)).State.ShimPid);
    process.kill(first, 'SIGKILL');
    await until('it to be reaped', () => !existsSync(`/proc/${first}`));
    await s.ok(['rm', '-f', id]);
    assert.ok(!isAlive(second));
  });

  test('is killed with the exec when the client disconnects, unless the exec is kept', async () => {
    const id = await s.detached([], ['sleep', '100000']);
    const seconds = { kill: 65445, hangup: 65446, keep: 65447 } as const;
    for (const [policy, time] of Object.entries(seconds)) {
      const client = s.start([
        'exec',
        '--on-disconnect',
        policy,
        id,
        'sh',
        '-c',
        `sleep ${time} & echo ready; wait`,
      ]);
      await client.waitFor('ready');
      const pid = await sleeper(time);
      client.kill('SIGKILL');
      await client.outcome;
      if (policy === 'keep') continue;
      await ended(pid);
    }
    assert.ok(isAlive(await sleeper(seconds.keep)));
    await s.ok(['rm', '-f', id]);
  });

  test('is killed when ExecSync exceeds its deadline, and continues if it did not', async () => {
    const id = await s.detached([], ['sleep', '100000']);
    const call = (script: string, deadline: Date) => {
      const request = { container: id, process: { args: ['sh', '-c', script] } };
      return s.api.call((callback) => s.api.sessions.ExecSync(request, { deadline }, callback as never));
    };
    await call('sleep 65448 >/dev/null 2>&1 &', new Date(Date.now() + 60_000));
    const late = assert.rejects(call('sleep 65449 & sleep 65450', new Date(Date.now() + 5000)));
    const pid = await sleeper(65449);
    await late;
    await ended(pid);
    assert.ok(isAlive(await sleeper(65448)));
    await s.ok(['rm', '-f', id]);
  });
});

test('a process left by an exec survives a kill -9 of likerd; no other exec uses its cgroup, which is removed with it', async () => {
  const id = await s.detached([], ['sleep', '100000']);
  await s.ok(['exec', id, 'sh', '-c', 'sleep 65451 >/dev/null 2>&1 &']);
  // It ends while no daemon runs, and its client does not come back.
  const client = s.start([
    'exec',
    id,
    'sh',
    '-c',
    'sleep 65452 & echo ready; until [ -e /go ]; do sleep 0.05; done',
  ]);
  await client.waitFor('ready');
  const [pid, lost] = [await sleeper(65451), await sleeper(65452)];
  await s.daemon.kill9();
  client.kill('SIGKILL');
  await client.outcome;
  await s.daemon.start();
  assert.ok(isAlive(pid));
  const before = await execGroups(id);
  const again = s.start(['exec', id, 'sh', '-c', 'echo ready; exec sleep 65453']);
  await again.waitFor('ready');
  const groups = await execGroups(id);
  assert.equal(groups.length, before.length + 1, groups.join(' '));
  const own = groups.filter((name) => !before.includes(name))[0] ?? '';
  assert.ok(readProc(await sleeper(65453), 'cgroup').includes(`/${own}`));
  await s.ok(['exec', id, 'touch', '/go']);
  await ended(lost);
  process.kill(pid, 'SIGKILL');
  await until('its group to go', async () => (await execGroups(id)).length === 1);
  await s.ok(['rm', '-f', id]);
  assert.notEqual((await again.outcome).code, 0);
});
