// Calls during a start: the same start again, its removal, a kill, the end of likerd.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Api } from './harness/api.ts';
import { Containers } from './harness/containers.ts';
import { pids, readProc, shimsBelow } from './harness/proc.ts';
import { suite } from './harness/suite.ts';
import { until, within } from './harness/until.ts';

const unified = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find((folder) =>
  existsSync(join(folder, 'cgroup.controllers')),
);
const work = mkdtempSync(join(tmpdir(), 'lk-slow-'));
after(() => rmSync(work, { recursive: true, force: true }));
const held = join(work, 'held');
const noSpares = ['--spare-shims', '0'];
const s = suite({
  env: { LIKER_HELD_BIRTHS: held },
  args: noSpares,
  preload: join(import.meta.dirname, 'harness/held-births.ts'),
});
const containers = new Containers(s);
const skip = unified === undefined && 'no cgroup v2, whose groups can be frozen before they are made';

/** From now on starts hang until `thaw`: a process that is cloned into a frozen group does not run. */
const freeze = () => setFrozen('1');
const thaw = () => setFrozen('0');
function setFrozen(text: string): void {
  const group = join(unified ?? '', s.daemon.cgroup);
  // The group is gone if likerd ended without a container.
  if (existsSync(group)) writeFileSync(join(group, 'cgroup.freeze'), text);
}

/** Processes in the control groups of containers. */
const members = () => pids().filter((pid) => readProc(pid, 'cgroup').includes(`/${s.daemon.cgroup}/`));
/** For each start, the process that is to become the container's first. */
const begun = (count = 1) => until('a start to hang', () => members().length === count);
/** A shim ends a moment after it has reported the end. */
const noShimLeft = () =>
  until('the end of all shims', () => shimsBelow(s.daemon.home).length + members().length === 0);
const create = async (...args: string[]): Promise<string> => {
  const { stdout } = await s.likerctl(['create', ...args]);
  return stdout.trim();
};
/** On its own connection, which does not refer to the previous daemon. */
async function startCall(container: string): Promise<void> {
  using api = new Api(s.daemon);
  await api.call((done) => api.containers.StartContainer({ container }, done as never));
}
const starts = async (id: string) =>
  (await containers.events()).filter((event) => event.containerId === id && event.action === 'start').length;

/** Thaws the group even if the test fails. */
async function whileFrozen(act: () => Promise<void>): Promise<void> {
  freeze();
  try {
    await act();
  } finally {
    thaw();
  }
}

test('a repeated Run, and `start -a`, wait for the first start and see all its output', {
  skip,
}, async () => {
  const spec = s.spec(['sh', '-c', 'echo begin; sleep 0.5; exit 3']);
  const run = () => s.api.run({ ...spec, name: 'twice' }, { requestId: 'again' });
  let sessions: readonly ReturnType<typeof run>[] = [];
  await whileFrozen(async () => {
    const first = run();
    await begun();
    sessions = [first, run(), s.api.attach('twice', { startContainer: true })];
    // On the same connection: when this call is answered, the earlier ones have arrived.
    await s.api.call((done) => s.api.containers.GetContainer({ container: 'twice' }, done as never));
  });
  for (const session of sessions) {
    assert.equal((await session.exit()).code, 3);
    assert.equal(session.stdout.toString(), 'begin\n');
  }
  assert.ok(!(await containers.names()).includes('twice'));
});

test('the next likerd waits for a start that the last one began', { skip }, async () => {
  const id = await create(s.rootfs, 'sleep', '1000');
  const again = await create(s.rootfs, 'sleep', '1000');
  let answer: Promise<unknown> = Promise.resolve();
  await whileFrozen(async () => {
    const lost = Promise.allSettled([startCall(id), startCall(again)]);
    await begun(2);
    await s.daemon.kill9();
    await lost;
    await s.daemon.start();
    // The next one can also give it up.
    await within('rm -f of a start that hangs', containers.remove(again));
    answer = startCall(id);
    await containers.get(id);
  });
  await answer;
  assert.equal(await containers.state(id), 'RUNNING');
  assert.equal(await starts(id), 1);
  await containers.remove(id);
});

test('rm -f also cancels starts that are waiting for their turn', { skip }, async () => {
  const id = await create(s.rootfs, 'sleep', '1000');
  await whileFrozen(async () => {
    const first = Promise.allSettled([startCall(id)]);
    await begun();
    const second = Promise.allSettled([startCall(id)]);
    await containers.get(id);
    const outcomes = Promise.all([first, second]);
    await within('rm -f', containers.remove(id));
    assert.deepEqual(
      (await outcomes).flat().map(({ status }) => status),
      ['rejected', 'rejected'],
    );
  });
});

/** A container whose policy restarts it after `die`, which works in a frozen group as well. */
async function restarting(): Promise<{ readonly id: string; readonly die: () => void }> {
  const args = ['sh', '-c', 'echo life; exec sleep 1000'];
  const id = await containers.start(args, { restart: { name: 'NAME_ALWAYS' } });
  const { pid } = await containers.get(id);
  return { id, die: () => process.kill(pid, 'SIGKILL') };
}

test('SIGKILL during a start by the restart policy ends the container', { skip }, async () => {
  const { id, die } = await restarting();
  let killed: Promise<unknown> = Promise.resolve();
  await whileFrozen(async () => {
    die();
    await begun();
    killed = containers.kill(id);
    await containers.get(id);
  });
  await killed;
  assert.match(await containers.state(id), /^EXITED/);
  await noShimLeft();
  await containers.remove(id);
});

test('SIGKILL before likerd hears from a shim that the restart policy started leaves no shim', async () => {
  const { id, die } = await restarting();
  let killed: Promise<unknown> = Promise.resolve();
  const lives = async () => (await s.likerctl(['logs', id])).stdout.split('life').length - 1;
  await until('its first life', async () => (await lives()) === 1);
  writeFileSync(held, '');
  try {
    die();
    await until('its second life', async () => (await lives()) === 2);
    killed = containers.kill(id);
    await containers.get(id);
  } finally {
    rmSync(held, { force: true });
  }
  await killed;
  assert.match(await containers.state(id), /^EXITED/);
  await noShimLeft();
  await containers.remove(id);
});

test('`start -a` brings a stopped container back under its restart policy', async () => {
  const id = await containers.start(['sleep', '1000'], { restart: { name: 'NAME_ALWAYS' } });
  await s.ok(['stop', '-t', '0', id]);
  using api = new Api(s.daemon);
  const session = api.attach(id, { startContainer: true });
  await session.ready;
  process.kill((await containers.get(id)).pid, 'SIGKILL');
  await session.exit();
  await until('another life', async () => (await containers.get(id)).restartCount === 1);
  await containers.remove(id);
});

test('a likerd that stops all containers at its exit cancels starts, and leaves those of a policy to the next one', {
  skip,
}, async () => {
  const id = await create(s.rootfs, 'sleep', '1000');
  await s.daemon.restart([...noSpares, '--stop-containers-on-exit']);
  const again = await restarting();
  await whileFrozen(async () => {
    again.die();
    await begun();
    const given = Promise.allSettled([startCall(id)]);
    await begun(2);
    await s.daemon.stop();
    assert.equal((await given)[0].status, 'rejected');
    await noShimLeft();
  });
  await s.daemon.start();
  await until('its next life', async () => (await containers.state(again.id)) === 'RUNNING');
  assert.match(await containers.state(id), /^EXITED/);
  await containers.remove(id, again.id);
});
