// Containers without cgroups, with real processes: each stands in a mount namespace of its own, as a container does, and this process
// stands for the shim. An ordinary user may run this, too.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import { until } from '../../../../test/harness/until.ts';
import { limitsOf } from '../resources.ts';
import { NoCgroups } from './no-cgroups.ts';
import { mountNamespace, processRow, processTable, withDescendants } from './process-table.ts';

const runs = mkdtempSync(join(tmpdir(), 'lk-none-'));
after(() => rmSync(runs, { recursive: true }));
const problem = 'nothing is delegated; delegate it';
const open = () => new NoCgroups({ runFolderOf: (id) => join(runs, id), problem });
const strict = { mode: 'strict' } as Parameters<NoCgroups['create']>[2];

afterEach(() =>
  until('the end of all', async () => {
    const left = await below(process.pid);
    for (const pid of left) killNow(pid);
    return left.length === 0;
  }),
);

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

async function below(pid: number): Promise<number[]> {
  const rows = await processTable();
  return withDescendants(rows, (row) => row.pid === pid)
    .map((row) => row.pid)
    .filter((found) => found !== pid);
}

/** A program whose output begins with a line once it is as it should be: resolves to that line. */
async function firstLine(program: string, ...args: string[]): Promise<{ pid: number; line: string }> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  return { pid: child.pid ?? 0, line: chunk.toString().trim() };
}

const unshare = ['--user', '--map-root-user', '--mount'];
/** Two sleeps, one of them in a session of its own. */
const two = 'sleep 1000 & setsid sleep 1000 & echo ready; wait';

/** A container whose main process runs the script. */
async function container(cgroups: NoCgroups, id: string, script: string) {
  mkdirSync(join(runs, id));
  const group = await cgroups.create(id, limitsOf({}), strict);
  group.noteShim(process.pid);
  const { pid } = await firstLine('unshare', ...unshare, 'sh', '-c', script);
  group.noteProcess(0, { pid, startTime: startTimeOf(pid) });
  return { group, pid };
}

function startTimeOf(pid: number): string {
  return processRow(pid)?.startTime ?? '';
}

const sorted = (pids: readonly number[]) => [...pids].sort((a, b) => a - b);

describe('processes of a container without cgroups', { concurrency: 1 }, () => {
  test('are those of its mount namespace and their descendants, whatever their session, and no others', async () => {
    const { group, pid } = await container(open(), 'c1', two);
    // Of another container, that is of another shim.
    await firstLine('sh', '-c', `unshare ${unshare.join(' ')} sleep 1000 & echo ready; wait`);
    assert.deepEqual(sorted((await group.listed()).pids), sorted([pid, ...(await below(pid))]));
    assert.equal((await below(pid)).length, 2);
    assert.equal(await group.populated(), true);
  });

  test('are known to the next likerd, which lists their container', async () => {
    const { group } = await container(open(), 'c2', two);
    const next = open();
    assert.ok(next.list().includes('c2'));
    assert.deepEqual(await next.open('c2').listed(), await group.listed());
    // A record that a full disk has cut: nothing is taken for a container's.
    writeFileSync(join(runs, 'c2/processes.json'), '{"shim":');
    assert.deepEqual((await open().open('c2').listed()).pids, []);
  });

  test('are noted even where the record cannot be written', async () => {
    const cgroups = open();
    const { group, pid } = await container(cgroups, 'c3', two);
    rmSync(join(runs, 'c3'), { recursive: true });
    group.noteProcess(0, { pid, startTime: startTimeOf(pid) });
    assert.equal((await group.listed()).pids.length, 3);
  });

  test('what the shim has adopted is among them before the main process is known, the program of its network is not', async () => {
    const { group, pid } = await container(open(), 'c4', two);
    const orphan = await firstLine('unshare', ...unshare, 'sh', '-c', 'echo ready; exec sleep 1000');
    assert.ok((await group.listed()).pids.includes(orphan.pid));
    writeFileSync(join(runs, 'c4/network.pid'), `${orphan.pid}\n`);
    const { pids } = await group.listed();
    assert.deepEqual([pids.includes(orphan.pid), pids.includes(pid)], [false, true]);
  });

  test('a kill ends all of them, also those that go on forking, and remove waits for it', async () => {
    const fork = 'forks() { while :; do sleep 0.01 & done; }; forks & forks & echo ready; wait';
    const { group, pid } = await container(open(), 'c5', fork);
    const own = mountNamespace(pid);
    await group.kill();
    await group.remove();
    assert.equal(await group.populated(), false);
    const left = (await processTable()).filter((row) => mountNamespace(row.pid) === own);
    assert.deepEqual(left, []);
  });

  test('a kill of the first process of a pid namespace is enough; with it all have ended', async () => {
    mkdirSync(join(runs, 'c6'));
    const group = await open().create('c6', limitsOf({}), strict);
    group.noteShim(process.pid);
    const { pid: outer } = await firstLine('unshare', ...unshare, '--pid', '--fork', 'sh', '-c', two);
    const main = (await processTable()).find(({ parentPid }) => parentPid === outer)?.pid ?? 0;
    group.noteProcess(0, { pid: main, startTime: startTimeOf(main) });
    const inside = await below(main);
    assert.equal(inside.length, 2);
    await group.kill();
    await group.remove();
    assert.deepEqual(
      inside.filter((pid) => processRow(pid) !== null),
      [],
    );
    assert.deepEqual((await group.listed()).pids, []);
  });

  test('those of an exec are found by its session and as its descendants; what it leaves in a session of its own is not', async () => {
    const { group, pid } = await container(open(), 'c7', two);
    const left = '(setsid sleep 1000 &) ; setsid sleep 1000 & sleep 1000 & echo ready; wait';
    const exec = await firstLine(
      'setsid',
      'nsenter',
      '-t',
      String(pid),
      '-U',
      '-m',
      '--preserve-credentials',
      'sh',
      '-c',
      left,
    );
    group.noteProcess(3, { pid: exec.pid, startTime: startTimeOf(exec.pid) });
    const before = (await group.listed()).pids.length;
    await group.openExec(3).kill();
    // SIGKILL is sent; the end comes a little later.
    await until('the exec is gone', async () => !(await group.listed()).pids.includes(exec.pid));
    const { pids } = await group.listed();
    // The main process with its two, and the one that the exec has left.
    assert.deepEqual([before, pids.length], [7, 4]);
    await group.openExec(4).kill();
    assert.equal((await group.listed()).pids.length, 4, 'an exec that is not known has no processes');
    await group.kill();
  });

  test('a pid that now is another process gets no signal', async () => {
    mkdirSync(join(runs, 'c8'));
    const group = await open().create('c8', limitsOf({}), strict);
    const { pid } = await firstLine('sh', '-c', 'echo ready; exec sleep 1000');
    const marks = {
      shim: null,
      main: { pid, startTime: '1' },
      ownsPids: true,
      mountNamespace: '',
      execs: {},
    };
    writeFileSync(join(runs, 'c8/processes.json'), JSON.stringify(marks));
    const next = open().open('c8');
    await next.kill();
    await next.signalAll(15);
    assert.equal(await next.populated(), false);
    assert.notEqual(processRow(pid), null);
    assert.equal(await group.populated(), false);
  });
});

describe('without cgroups', () => {
  test('a limit that was asked for is refused with the reason, or left out in best-effort mode; the rest has no effect', async () => {
    const none = open();
    const resources = limitsOf({ memory: { maxBytes: 64 << 20 }, pids: { max: 7 } });
    const refused = {
      reason: 'CGROUP_CONTROLLER_MISSING',
      message: new RegExp(`^Cannot set memory\\.max_bytes to 67108864: ${problem}$`),
    };
    assert.throws(() => none.check(resources, { mode: 'strict' }), refused);
    await assert.rejects(none.create('limited', resources, strict), refused);
    assert.throws(() => none.open('limited').update(resources), refused);
    const left = none.check(resources, { mode: 'best-effort' });
    assert.deepEqual(left.map(({ knob }) => knob).sort(), ['memory.max_bytes', 'pids.max']);
    for (const { problem: why, written, effective } of left)
      assert.deepEqual([why.includes(problem), written, effective], [true, '', '']);
    assert.deepEqual(none.check(limitsOf({}), { mode: 'strict' }), []);
    assert.match(none.losses[0] ?? '', new RegExp(`^limits, pause, .*: ${problem}$`));
    assert.deepEqual([none.offers(), none.controllers(), none.preview()], [false, [], []]);
    assert.ok(none.knobs().length > 20);
    for (const knob of none.knobs()) assert.notEqual(knob.problem, '', knob.knob);
  });

  test('there is no pause, no count of ends out of memory, and no figure', async () => {
    const group = open().open('bare');
    await assert.rejects(group.freeze(), {
      reason: 'CGROUP_CONTROLLER_MISSING',
      message: `Cannot pause: ${problem}`,
    });
    await group.thaw();
    assert.deepEqual([group.frozen(), group.oomKills(), group.execs(), group.joinFiles], [false, 0, [], []]);
    assert.doesNotMatch(
      JSON.stringify(group.stats(), (_, value) => String(value ?? '')),
      /[1-9]/,
    );
    await group.remove();
  });
});
