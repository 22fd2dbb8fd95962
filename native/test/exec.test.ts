import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { notHeld } from '../../daemon/kernel/plan/steps.ts';
import { openFiles } from '../../test/harness/proc.ts';
import { until } from '../../test/harness/until.ts';
import { useFixture } from './use.ts';

const fixture = useFixture();

test('an exec joins the container and has its own pipes', async () => {
  await using shim = await fixture().run('sleep 100');
  const main = await shim.started();
  shim.peer.exec(1, fixture().execPlan('hostname; cat; echo $$ >&2; exit 5', {}, { openStdin: true }));
  const pid = await shim.peer.started(1);
  for (const name of ['mnt', 'pid', 'net', 'uts', 'ipc', 'cgroup'])
    assert.equal(readlinkSync(`/proc/${pid}/ns/${name}`), readlinkSync(`/proc/${main}/ns/${name}`), name);
  shim.peer.stdin(1, 1n, 0n, 'through\n');
  shim.peer.closeStdin(1);
  assert.equal((await shim.peer.exit(1)).code, 5);
  assert.equal(shim.peer.text(1), 'box\nthrough\n');
  assert.notEqual(shim.peer.text(1, 2).trim(), '1');
  assert.equal(existsSync(join(shim.runDir, 'exit.1')), true);
  shim.peer.taken(1);
  assert.deepEqual(
    (await shim.peer.hello()).map((state) => state.process),
    [0],
  );
  assert.equal(existsSync(join(shim.runDir, 'exit.1')), false, 'records do not pile up');
});

test('an exec has a terminal of its own', async () => {
  await using shim = await fixture().run('sleep 100', { tty: true });
  await shim.started();
  shim.peer.exec(1, fixture().execPlan('tty; stty size', { tty: true }, { columns: 90, rows: 30 }));
  assert.equal((await shim.peer.exit(1)).code, 0);
  assert.equal(shim.peer.text(1), '/dev/pts/1\r\n30 90\r\n');
});

test('a process that an exec left behind may go on writing to its pipe: it is neither killed nor blocked', async () => {
  await using shim = await fixture().run('sleep 100');
  await shim.started();
  const pipes = () => openFiles(shim.pid).filter((file) => file.startsWith('pipe:')).length;
  const before = pipes();
  const left =
    'until [ -e /tmp/go ]; do sleep 0.05; done; seq 1 100000; seq 1 100000 >&2; echo >/tmp/written';
  shim.peer.exec(1, fixture().execPlan(`(${left}) & echo started`));
  assert.deepEqual([(await shim.peer.exit(1)).code, shim.peer.text(1)], [0, 'started\n']);
  shim.peer.taken(1);
  const wait = 'echo >/tmp/go; until [ -e /tmp/written ]; do sleep 0.05; done; echo written';
  shim.peer.exec(2, fixture().execPlan(wait));
  assert.equal((await shim.peer.exit(2)).code, 0);
  assert.equal(shim.peer.text(2), 'written\n');
  shim.peer.taken(2);
  await until('the pipes to be closed', () => pipes() <= before);
});

test('many execs at once keep their output apart', async () => {
  await using shim = await fixture().run('sleep 100');
  await shim.started();
  const numbers = Array.from({ length: 40 }, (_, i) => i + 1);
  for (const number of numbers) shim.peer.exec(number, fixture().execPlan(`echo ${number}; exit ${number}`));
  for (const number of numbers) {
    assert.equal((await shim.peer.exit(number)).code, number);
    assert.equal(shim.peer.text(number), `${number}\n`);
    shim.peer.taken(number);
  }
  assert.equal((await shim.peer.hello()).length, 1);
});

test('a number in use and a bad plan are reported', async () => {
  await using shim = await fixture().run('sleep 100');
  await shim.started();
  shim.peer.exec(0, fixture().execPlan('true'));
  const failure = await shim.peer.until((frame) => frame.type === 130);
  assert.equal(failure.payload.readInt32LE(4), 17);
  shim.peer.exec(1, fixture().execPlan('true').subarray(0, 100));
  assert.equal((await shim.peer.failed(1)).name, 'plan');
});

test('a plan whose clone flags are more than namespaces is bad', async () => {
  await using shim = await fixture().run('sleep 100');
  await shim.started();
  const notNamespaces = { CLONE_VM: 0x100, CLONE_PIDFD: 0x1000, CLONE_SETTLS: 0x80000 };
  for (const [index, flag] of Object.values(notNamespaces).entries()) {
    for (const field of ['cloneFlags', 'joinMain']) {
      const number = 2 * index + (field === 'joinMain' ? 2 : 1);
      shim.peer.exec(number, fixture().execPlan('true', {}, { [field]: flag }));
      assert.equal((await shim.peer.failed(number)).name, 'plan', `${field} ${flag}`);
    }
  }
});

test('an overlay of layers that are not held fails at its step', async () => {
  await using shim = await fixture().run('sleep 100');
  await shim.started();
  const source = mkdtempSync(join(tmpdir(), 'liker-layer-'));
  for (const name of ['upper', 'work']) mkdirSync(join(source, name));
  const take = {
    recursive: true,
    attributes: 0,
    topOnly: false,
    propagation: 0,
    map: notHeld,
    optional: false,
  };
  const overlay = { at: '/run', volatile: false, uid: 0, gid: 0 };
  const result = { userXattr: false, attributes: 0, below: '', folder: '', needs: [] };
  shim.peer.exec(
    1,
    fixture().execPlan('true', {}, {}, [
      { step: 'take', source, ...take },
      { step: 'take-overlay', lowers: [2 ** 20], names: [], layer: 0, ...overlay, ...result },
    ]),
  );
  const { name, errno } = await shim.peer.failed(1);
  assert.deepEqual([name, errno], ['take-overlay', constants.errno.EBADMSG]);
  rmSync(source, { recursive: true });
});

test('the exits of execs are reported before that of the main process', async () => {
  await using shim = await fixture().run('sleep 100');
  await shim.started();
  for (const number of [1, 2, 3]) {
    shim.peer.exec(number, fixture().execPlan('sleep 100'));
    await shim.peer.started(number);
  }
  shim.peer.signal(0, 9);
  await shim.peer.exit(0);
  const order = shim.peer.frames.filter((frame) => frame.type === 135).map((frame) => frame.process);
  assert.deepEqual(order.slice(0, 3).sort(), [1, 2, 3]);
  assert.equal(order[3], 0);
  shim.peer.taken(0);
  for (const number of [1, 2, 3]) shim.peer.taken(number);
  await shim.ended();
});

test('an exec after the end of the container fails', async () => {
  await using shim = await fixture().run('true');
  await shim.peer.exit();
  shim.peer.exec(1, fixture().execPlan('true'));
  assert.deepEqual([(await shim.peer.failed(1)).errno, (await shim.peer.failed(1)).name], [3, 'join']);
});

test('signals reach an exec, even before its pid is known', async () => {
  await using shim = await fixture().run('sleep 100');
  await shim.started();
  shim.peer.exec(1, fixture().execPlan('sleep 100'));
  shim.peer.signal(1, 15);
  const end = await shim.peer.until(({ type, process }) => process === 1 && (type === 135 || type === 130));
  assert.ok(end);
  shim.peer.exec(2, fixture().execPlan('sleep 100'));
  await shim.peer.started(2);
  shim.peer.signal(2, 15);
  assert.equal((await shim.peer.exit(2)).signal, 15);
});
