import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { noBound } from '../../common/shim/protocol.ts';
import { until } from '../../test/harness/until.ts';
import { childrenOf } from './fixture.ts';
import { useFixture } from './use.ts';

const fixture = useFixture();
const mebibyte = 1 << 20;

test('runs a program with pipes, reports its exit, writes the record and exits when the daemon has it', async () => {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  await using shim = await fixture().run('echo out; echo err >&2; exit 7');
  const pid = await shim.started();
  const exit = await shim.peer.exit();
  assert.deepEqual(
    {
      code: exit.code,
      signal: exit.signal,
      core: exit.core,
      cut: exit.cut,
      stdout: exit.stdout,
      stderr: exit.stderr,
    },
    { code: 7, signal: 0, core: 0, cut: 0, stdout: 4n, stderr: 4n },
  );
  assert.equal(shim.peer.text(), 'out\n');
  assert.equal(shim.peer.text(0, 2), 'err\n');
  const record = readFileSync(join(shim.runDir, 'exit.0'), 'utf8');
  assert.match(record, /^code=7\nsignal=0\ncore=0\nexited_at=\d+\nstdout=4\nstderr=4\ncut=0\n/);
  assert.match(record, new RegExp(`\npid=${pid}\nstarted_at=\\d+\n$`));
  assert.equal(statSync(shim.socketPath).mode & 0o777, 0o600);
  shim.peer.taken(0);
  await shim.ended();
  assert.equal(existsSync(shim.socketPath), false);
  assert.equal(existsSync(`/proc/${pid}`), false);
  assert.equal(readFileSync('/proc/self/mountinfo', 'utf8'), mounts);
});

test('a record that cannot be renamed into place leaves no temporary file', async () => {
  await using shim = await fixture().run('read line', {}, { openStdin: true });
  await shim.started();
  mkdirSync(join(shim.runDir, 'exit.0'));
  shim.peer.closeStdin(0);
  await shim.peer.exit();
  assert.deepEqual(
    readdirSync(shim.runDir).filter((name) => name.endsWith('.new')),
    [],
  );
});

test('a death by signal is reported as such, with the exit code of a shell', async () => {
  await using shim = await fixture().run('kill -9 $$; sleep 100', { init: true });
  const exit = await shim.peer.exit();
  assert.equal(exit.signal, 9);
  assert.equal(exit.code, 137);
});

test('SIGKILL reaches the first process, with and without an init', async () => {
  for (const init of [false, true]) {
    await using shim = await fixture().run('sleep 100', { init });
    await shim.started();
    shim.peer.signal(0, 9);
    const exit = await shim.peer.exit();
    assert.deepEqual([exit.code, exit.signal], [137, 9]);
  }
});

test('T24: one mebibyte and an immediate exit arrive whole, exit last', async () => {
  for (const tty of [false, true]) {
    await using shim = await fixture().run(`head -c ${mebibyte} /dev/zero`, { tty });
    const exit = await shim.peer.exit();
    assert.equal(exit.stdout, BigInt(mebibyte));
    const bytes = shim.peer.output();
    assert.equal(bytes.length, mebibyte);
    assert.ok(bytes.equals(Buffer.alloc(mebibyte)));
    assert.equal(shim.peer.frames.at(-1)?.type, 135);
  }
});

test('stdin and its half-close reach the process', async () => {
  await using shim = await fixture().run('cat; echo end', {}, { openStdin: true });
  shim.peer.stdin(0, 1n, 0n, 'hello ');
  shim.peer.stdin(0, 1n, 6n, 'world\n');
  assert.equal(await shim.peer.acked(0, 1n, 12n), 12n);
  shim.peer.closeStdin(0);
  assert.equal((await shim.peer.exit()).code, 0);
  assert.equal(shim.peer.text(), 'hello world\nend\n');
});

test('bytes that a client sends again are dropped, and the shim says how far a session got', async () => {
  await using shim = await fixture().run('cat', {}, { openStdin: true });
  shim.peer.stdin(0, 7n, 0n, 'abcdef');
  await shim.peer.acked(0, 7n, 6n);
  assert.equal(await shim.peer.stdinOffset(0, 7n), 6n);
  assert.equal(await shim.peer.stdinOffset(0, 8n), 0n);
  shim.peer.stdin(0, 7n, 3n, 'defghi');
  shim.peer.stdin(0, 8n, 0n, '+other');
  await shim.peer.acked(0, 8n, 6n);
  shim.peer.closeStdin(0);
  await shim.peer.exit();
  assert.equal(shim.peer.text(), 'abcdefghi+other');
});

test('a large stdin passes through a slow process, within the window', async () => {
  const size = 4 * mebibyte;
  const bytes = Buffer.alloc(size, 'liker');
  await using shim = await fixture().run('cat', {}, { openStdin: true });
  const step = 65_536;
  for (let at = 0; at < size; at += step) {
    if (at >= mebibyte) await shim.peer.acked(0, 1n, BigInt(at - mebibyte + step));
    shim.peer.stdin(0, 1n, BigInt(at), bytes.subarray(at, at + step));
  }
  shim.peer.closeStdin(0);
  await shim.peer.exit();
  const hash = (data: Buffer) => createHash('sha256').update(data).digest('hex');
  assert.equal(hash(shim.peer.output()), hash(bytes));
});

test('a closed stdin is acknowledged with all ones', async () => {
  await using shim = await fixture().run('exec 0</dev/null; echo closed; sleep 100', {}, { openStdin: true });
  await shim.peer.outputMatches(/closed/);
  shim.peer.stdin(0, 1n, 0n, 'nobody reads this');
  assert.equal(await shim.peer.acked(0, 1n, 1n), noBound);
});

test("without open stdin the process reads the container's /dev/null", async () => {
  await using shim = await fixture().run('cat; readlink /proc/self/fd/0; stat -c %t,%T -L /proc/self/fd/0');
  await shim.peer.exit();
  assert.equal(shim.peer.text(), '/dev/null\n1,3\n');
});

test('the user of the program can reopen /dev/stdout and /dev/stderr', async () => {
  const script = 'echo again >/dev/stdout; echo fault >/dev/stderr; id -u';
  await using shim = await fixture().run(script, { uid: 1000, gid: 1000 });
  assert.equal((await shim.peer.exit()).code, 0);
  assert.equal(shim.peer.text(), 'again\n1000\n');
  assert.equal(shim.peer.text(0, 2), 'fault\n');
});

test('T20: a background child that keeps the pipe open does not delay the end for ever', async () => {
  const private_ = fixture().execPlan('sleep 100 & echo started');
  await using shim = await fixture().run('sleep 100');
  await shim.started();
  shim.peer.exec(1, private_);
  const exit = await shim.peer.exit(1);
  assert.deepEqual([exit.code, exit.cut], [0, 1]);
  assert.equal(shim.peer.text(1), 'started\n');
});

test('T40: an orphan without a private pid namespace is reaped by the shim', async () => {
  const cloneFlags = 0x20000 | 0x4000000;
  await using shim = await fixture().run('sh -c "sleep 0.1 & echo orphan" ; sleep 100', {}, { cloneFlags });
  const main = await shim.started();
  await shim.peer.outputMatches(/orphan/);
  await until('the orphan to be reaped', () => childrenOf(shim.pid).length === 1);
  assert.deepEqual(childrenOf(shim.pid), [main]);
  const zombies = childrenOf(shim.pid).filter((pid) => / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
  assert.deepEqual(zombies, []);
});
