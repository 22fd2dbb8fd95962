import assert from 'node:assert/strict';
import { readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { useFixture } from './use.ts';

const fixture = useFixture();

test('the terminal is /dev/pts/0 of the container and has its size at the first instruction', async () => {
  await using shim = await fixture().run('tty; stty size', { tty: true }, { columns: 133, rows: 41 });
  assert.equal((await shim.peer.exit()).code, 0);
  assert.equal(shim.peer.text(), '/dev/pts/0\r\n41 133\r\n');
});

test('T6: /dev/console is that terminal', async () => {
  await using shim = await fixture().run('stat -c "%t %T" /dev/console; stat -c "%t %T" /dev/pts/0', {
    tty: true,
  });
  await shim.peer.exit();
  const [console, slave] = shim.peer.text().trim().split('\r\n');
  assert.equal(console, slave);
  assert.match(console ?? '', /^8[89a-f] /);
});

test('T13: no terminal of the host is visible in the container', async () => {
  await using shim = await fixture().run('readlink /proc/self/fd/0; ls /dev/pts; sleep 100', { tty: true });
  const pid = await shim.started();
  await shim.peer.outputMatches(/ptmx/);
  assert.equal(shim.peer.text().includes('/dev/pts/0\r\n'), true);
  for (const fd of [0, 1, 2]) assert.equal(readlinkSync(`/proc/${pid}/fd/${fd}`), '/dev/pts/0');
});

test('a resize reaches the foreground as SIGWINCH', async () => {
  const script = "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.1; done";
  await using shim = await fixture().run(script, { tty: true });
  await shim.peer.outputMatches(/ready/);
  shim.peer.resize(0, 100, 50);
  await shim.peer.exit();
  assert.match(shim.peer.text(), /50 100\r\n$/);
});

test('a resize before the terminal exists is kept', async () => {
  await using shim = await fixture().run('sleep 0.1; stty size', { tty: true });
  shim.peer.resize(0, 99, 33);
  await shim.peer.exit();
  assert.equal(shim.peer.text(), '33 99\r\n');
});

test('typed text is echoed and read; the end of stdin is VEOF', async () => {
  await using shim = await fixture().run('cat; echo end', { tty: true }, { openStdin: true });
  await shim.started();
  shim.peer.stdin(0, 1n, 0n, 'hello\n');
  await shim.peer.outputMatches(/hello\r\nhello\r\n/);
  shim.peer.closeStdin(0);
  await shim.peer.exit();
  assert.equal(shim.peer.text(), 'hello\r\nhello\r\nend\r\n');
});

test('VEOF after a part of a line also ends the input', async () => {
  await using shim = await fixture().run('cat; echo end', { tty: true }, { openStdin: true });
  shim.peer.stdin(0, 1n, 0n, 'part');
  shim.peer.closeStdin(0);
  await shim.peer.exit();
  assert.match(shim.peer.text(), /partpartend\r\n$/);
});

test('Ctrl-C interrupts the foreground; so does a signal to it', async () => {
  for (const send of ['key', 'signal']) {
    // A shell that is interrupted just before it starts a program handles the signal after that has ended.
    const script = "trap 'echo got it; exit 3' INT; echo ready; while :; do sleep 0.1; done";
    await using shim = await fixture().run(script, { tty: true });
    await shim.peer.outputMatches(/ready/);
    if (send === 'key') shim.peer.stdin(0, 1n, 0n, '\u0003');
    else shim.peer.signal(0, 2, 1);
    assert.equal((await shim.peer.exit()).code, 3);
    assert.match(shim.peer.text(), /got it/);
  }
});

test('T22: EIO from the master is not the end while the process lives', async () => {
  const script = 'exec 0<&- 1>&- 2>&-; sleep 0.2; exec >/dev/pts/0 2>&1; echo back';
  await using shim = await fixture().run(script, { tty: true });
  const exit = await shim.peer.exit();
  assert.equal(shim.peer.text(), 'back\r\n');
  assert.equal(exit.cut, 0);
});

test('T23: bytes written before a hang-up are read', async () => {
  for (let i = 0; i < 20; i++) {
    await using shim = await fixture().run('seq 1 2000', { tty: true });
    await shim.peer.exit();
    assert.equal(shim.peer.text().endsWith('\r\n2000\r\n'), true);
    assert.equal(shim.peer.text().split('\r\n').length, 2001);
  }
});

test('T25: the terminal of an exec is closed after its end, even if others have it open', async () => {
  await using shim = await fixture().run('sleep 100');
  await shim.started();
  const script =
    "trap '' HUP; (while echo -n .; do sleep 0.1; [ $((n+=1)) -lt 5 ] || sleep 3; done) & sleep 0.1";
  shim.peer.exec(1, fixture().execPlan(script, { tty: true }));
  const exit = await shim.peer.exit(1);
  assert.deepEqual([exit.code, exit.cut], [0, 1]);
  assert.match(shim.peer.text(1), /^\.{3,}$/);
});

test('T30: raw bytes pass unchanged', async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  const script = 'stty raw -echo; echo ready; head -c 256';
  await using shim = await fixture().run(script, { tty: true });
  await shim.peer.outputMatches(/ready/);
  shim.peer.stdin(0, 1n, 0n, bytes);
  await shim.peer.exit();
  assert.deepEqual(shim.peer.output().subarray(-256), bytes);
});

test('T28: a paste larger than the buffer of the terminal passes through', async () => {
  const size = 200_000;
  await using shim = await fixture().run('stty raw -echo; echo ready; head -c 200000 | wc -c', { tty: true });
  await shim.peer.outputMatches(/ready/);
  shim.peer.stdin(0, 1n, 0n, Buffer.alloc(size, 'x'));
  await shim.peer.exit();
  assert.match(shim.peer.text(), /200000/);
});

test('a key wakes the shim for its arrival, its echo and its acknowledgement, and for nothing else', async () => {
  await using shim = await fixture().run('cat', { tty: true }, { openStdin: true });
  await shim.started();
  const keys = 10;
  const before = waits(shim.pid);
  for (let key = 1; key <= keys; key += 1) {
    shim.peer.stdin(0, 1n, BigInt(key - 1), 'k');
    await shim.peer.outputMatches(new RegExp(`^k{${key}}$`));
    await shim.peer.acked(0, 1n, BigInt(key));
  }
  const perKey = (waits(shim.pid) - before) / keys;
  assert.ok(perKey < 3.5, `it waited ${perKey} times a key`);
});

/** How often a process has given up the CPU to wait. */
function waits(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)?.[1]);
}
