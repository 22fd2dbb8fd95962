// likerd reaches its limit of processes or open files: calls fail with a clear error, and work again afterwards.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Containers } from './harness/containers.ts';
import { leftovers } from './harness/leaks.ts';
import { readProc } from './harness/proc.ts';
import { requires } from './harness/requires.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

// libuv keeps one spare file, which it closes to be able to accept and refuse a connection.
// A shim that waits would be a process that need not be created.
const s = suite({ mayKeep: ['/'], args: ['--spare-shims', '0'] });
const containers = new Containers(s);

/** On v2 a process is charged only to the container's own group, so likerd has no such limit. */
const pidsHierarchy = '/sys/fs/cgroup/pids';
const group = join(pidsHierarchy, `lk-test-${process.pid}`);
after(() => {
  if (!existsSync(group)) return;
  for (const pid of members()) move(pid, pidsHierarchy);
  rmdirSync(group);
});

function members(): number[] {
  return readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
}

function move(pid: number, to: string): void {
  writeFileSync(join(to, 'cgroup.procs'), String(pid));
}

/** Allows this many more processes and threads than now; one that has ended counts until it is reaped. */
async function allow(more: number): Promise<void> {
  const living = () => members().flatMap((pid) => readdirSync(`/proc/${pid}/task`)).length;
  const counted = () => Number(readFileSync(join(group, 'pids.current'), 'utf8'));
  await until('all that ended to be reaped', () => counted() === living());
  writeFileSync(join(group, 'pids.max'), String(counted() + more));
}

const noPids = requires('the pids controller of v1', existsSync(join(pidsHierarchy, 'cgroup.procs')));

test(
  'when no process can be created, the errors of a start and an exec have the step, the errno and the remedy',
  noPids,
  async () => {
    const id = await containers.start(['sleep', '1000'], { name: 'running' });
    mkdirSync(group);
    move(s.daemon.pid, group);
    await allow(0);
    const remedy = 'a limit of processes is reached; raise it \\(pids.max of .*\\)';
    const noShim = await s.run(['--name', 'none'], ['true']);
    assert.equal(noShim.code, 125);
    assert.match(noShim.stderr, new RegExp(`^likerctl: Cannot start .*clone.* EAGAIN: ${remedy}\n$`));
    // There is room for the shim, but not for the process that it clones.
    await allow(1);
    const noChild = await s.run(['--name', 'none'], ['true']);
    assert.equal(noChild.code, 125);
    assert.match(
      noChild.stderr,
      new RegExp(`'none': step 'clone' failed.* clone3: EAGAIN \\(${remedy}\\)\n$`),
    );
    move(Number((await s.inspect('running')).State.ShimPid), group);
    await allow(0);
    const noExec = await s.likerctl(['exec', 'running', 'true']);
    assert.equal(noExec.code, 125);
    assert.match(
      noExec.stderr,
      new RegExp(`container 'running': step 'clone' failed.* EAGAIN \\(${remedy}\\)\n$`),
    );
    assert.deepEqual(await containers.names(), ['running']);
    assert.deepEqual((await containers.get(id)).execIds, []);
    assert.deepEqual(readdirSync(join(s.daemon.run, 'c')), [id]);
    writeFileSync(join(group, 'pids.max'), 'max');
    assert.equal(await s.ok(['exec', 'running', 'echo', 'again']), 'again');
    assert.equal(await s.sh([], 'echo again'), 'again');
    await containers.remove(id);
  },
);

/** From now on the daemon can open no more files. */
function forbidFiles(): void {
  const open = new Set(readdirSync(`/proc/${s.daemon.pid}/fd`).map(Number));
  let lowest = 0;
  while (open.has(lowest)) lowest += 1;
  limitFiles(String(lowest));
}

function limitFiles(soft: string): void {
  execFileSync('prlimit', [`--pid=${s.daemon.pid}`, `--nofile=${soft}:`]);
}

/** CPU time of the daemon, in ticks of 10 ms. */
function cpuTicks(): number {
  const fields = readProc(s.daemon.pid, 'stat').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

test('when no file can be opened, calls fail with a clear error, exits are reported, and nothing is left behind', async () => {
  const limit = /^Max open files\s+(\d+)/m.exec(readProc(s.daemon.pid, 'limits'))?.[1] ?? '';
  const session = s.api.run(s.spec(['sh', '-c', 'read x; exit 4'], { openStdin: true }));
  await session.ready;
  const create = (name: string) =>
    s.api.call<{ container: { id: string } }>((done) =>
      s.api.containers.CreateContainer({ spec: s.spec(['true'], {}, { name }) }, done as never),
    );
  const start = (container: string) =>
    s.api.call((done) => s.api.containers.StartContainer({ container }, done as never));
  await create('waits');
  try {
    forbidFiles();
    await assert.rejects(
      start('waits'),
      /Cannot (set pids\.max to|make the cgroup of) .*EMFILE: likerd's limit of open files is reached; raise it/,
    );
    session.type('\n');
    assert.equal((await session.exit()).code, 4);
    // What the session gives back as it ends is forbidden, too.
    const refused = await until('a refusal', async () => {
      forbidFiles();
      const outcome = await s.likerctl(['ps']);
      return outcome.code !== 0 && outcome;
    });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /^likerctl: Cannot .*\n$/);
    // Connections that it cannot accept do not keep it busy.
    const waiting = Array.from({ length: 20 }, () => connect(s.daemon.socket).on('error', () => {}));
    const before = cpuTicks();
    await sleep(1000);
    assert.ok(cpuTicks() - before < 50, `${cpuTicks() - before} ticks in a second`);
    for (const socket of waiting) socket.destroy();
  } finally {
    limitFiles(limit);
  }
  await start('waits');
  await until('the containers to be gone', async () => (await containers.names()).length === 0);
  await until('nothing left', () => Object.keys(leftovers(s.daemon)).length === 0);
  assert.equal(await s.sh([], 'echo again'), 'again');
});
