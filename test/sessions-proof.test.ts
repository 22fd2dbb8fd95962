// Proves with many sessions that none loses a byte. LIKER_PROOF=10000 runs more of them, LIKER_PROOF=100 fewer;
// LIKER_STALL_MS is how long a client stops reading.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Api, type ApiSession } from './harness/api.ts';
import { openFiles, residentBytes } from './harness/proc.ts';
import { suite } from './harness/suite.ts';
import { until, within } from './harness/until.ts';

const count = Number(process.env['LIKER_PROOF'] ?? 2000);
const cycles = Number(process.env['LIKER_CYCLES'] ?? 1000);
const stallMs = Number(process.env['LIKER_STALL_MS'] ?? 5000);
const parallel = 8;
const bytes = 1 << 20;

const s = suite({ helpers: ['burst'] });
const expected = pattern(bytes);

/** The output of test/fixtures/burst.c. */
function pattern(length: number): Buffer {
  const data = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at++) data[at] = 48 + (Math.floor((at * 7) / 5) % 75);
  return data;
}

/** Compares output with the pattern as it arrives. Resolves to the difference, or null. */
async function verdict(session: ApiSession, code: number): Promise<string | null> {
  let at = 0;
  let wrong: string | null = null;
  session.onData = (_stream, data) => {
    if (!data.equals(expected.subarray(at, at + data.length)))
      wrong ??= `bytes differ within ${data.length} from ${at}`;
    at += data.length;
  };
  const exit = await session.exit(120_000);
  if (wrong === null && at !== bytes) wrong = `${at} of ${bytes} bytes`;
  if (wrong === null && exit.code !== code)
    wrong = `exit code ${exit.code} instead of ${code} ${exit.startError}`;
  if (wrong === null && session.gaps > 0) wrong = `${session.gaps} gaps`;
  if (wrong === null && session.warnings.length > 0) wrong = session.warnings.join();
  return wrong;
}

/** Runs `count` jobs, some at a time. */
async function inParallel(job: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await job(next++);
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}

test(`${count} containers write 1 MiB and exit at once, half of them on a tty: every byte and exit code arrives`, async () => {
  const faults: string[] = [];
  await inParallel(async (index) => {
    const code = index % 200;
    const session = s.api.run(s.spec(['burst', String(bytes), String(code)], { tty: index % 2 === 1 }));
    const wrong = await verdict(session, code).catch((error: Error) => error.message);
    if (wrong !== null) faults.push(`${index}: ${wrong}`);
  });
  assert.deepEqual(faults.slice(0, 10), []);
});

test('input and window sizes sent with the start arrive, even if many containers start at once', async () => {
  const spec = () =>
    s.spec(['sh', '-c', 'read line; stty size; echo "got $line"'], { tty: true, openStdin: true });
  const sessions = Array.from({ length: 40 }, () => s.api.run(spec()));
  for (const session of sessions) {
    session.send({ resize: { rows: 33, columns: 99 } });
    session.type('early\n');
  }
  const outputs = sessions.map(async (session) => {
    await session.exit();
    return session.stdout.toString().replaceAll('\r', '');
  });
  for (const output of await Promise.all(outputs)) assert.equal(output, 'early\n33 99\ngot early\n');
});

test(`${count} execs write 1 MiB and exit at once, half of them on a tty: every byte and exit code arrives`, async () => {
  const id = await s.detached([], ['sleep', '100000']);
  const faults: string[] = [];
  await inParallel(async (index) => {
    const code = index % 200;
    const session = s.api.exec(id, { args: ['burst', String(bytes), String(code)], tty: index % 2 === 1 });
    const wrong = await verdict(session, code).catch((error: Error) => error.message);
    if (wrong !== null) faults.push(`${index}: ${wrong}`);
  });
  assert.deepEqual(faults.slice(0, 10), []);
  await s.ok(['rm', '-f', id]);
});

test(`${cycles} attach and detach cycles leave no fd and no memory in daemon, shim and client (T20)`, async () => {
  const id = await s.detached(['-it'], ['sh', '-c', 'while :; do echo tick; sleep 0.05; done']);
  const shim = (await s.inspect(id)).State.ShimPid;
  const daemon = s.daemon.pid;
  const cycle = async (): Promise<void> => {
    const session = s.api.attach(id, { terminalSize: { columns: 80, rows: 24 } });
    await within('ready', session.ready);
    session.type('x');
    await session.detach();
  };
  const files = () => [daemon, shim, process.pid].map((pid) => openFiles(pid).length);
  for (let index = 0; index < 200; index++) await cycle();
  await until('no client', async () => (await s.inspect(id)).AttachedClients === 0);
  const before = { files: files(), memory: [daemon, shim].map(residentBytes) };
  for (let index = 0; index < cycles; index++) await cycle();
  await until('no client', async () => (await s.inspect(id)).AttachedClients === 0);
  await until(
    'as many files as before',
    () => files().every((now, index) => now <= (before.files[index] ?? 0)),
    {
      deadlineMs: 5000,
    },
  ).catch(() => assert.deepEqual(files(), before.files, 'open files of daemon, shim and client'));
  const [daemonBytes = 0, shimBytes = 0] = [daemon, shim].map(residentBytes);
  // A leak of 64 KiB per cycle would add up to 64 MB, more than V8 leaves uncollected.
  assert.ok(
    daemonBytes - (before.memory[0] ?? 0) < 40 << 20,
    `daemon: ${before.memory[0]} to ${daemonBytes} bytes`,
  );
  assert.ok(
    shimBytes - (before.memory[1] ?? 0) <= 256 << 10,
    `shim: ${before.memory[1]} to ${shimBytes} bytes`,
  );
  await s.ok(['rm', '-f', id]);
});

// In parallel, as each of them waits most of the time.
describe('a client that stops reading (T27), and a process that does not stop writing', {
  concurrency: 4,
}, () => {
  test('is not waited for beside another client, which continues; later it learns what it has missed', async () => {
    const id = await s.detached([], ['sh', '-c', 'while :; do burst 100000 0; sleep 0.01; done']);
    // On its own connection, since the streams of one HTTP/2 connection share a window.
    using other = new Api(s.daemon);
    const [stalled, reader] = [other.attach(id), s.api.attach(id)];
    let total = 0;
    reader.onData = (_stream, data) => {
      total += data.length;
    };
    await Promise.all([stalled.ready, reader.ready]);
    stalled.stream.pause();
    await sleep(stallMs);
    const before = total;
    await until('the other one to get more', () => total > before + 1_000_000);
    assert.equal((await s.run([], ['echo', 'hi'])).stdout, 'hi\n', 'others are served');
    stalled.onData = () => {};
    stalled.stream.resume();
    await until('a warning', () => stalled.warnings.length > 0);
    assert.match(stalled.warnings.join(), /\d+ bytes/);
    await s.ok(['rm', '-f', id]);
    await Promise.all([stalled.end, reader.end]);
  });

  test('if it is alone, makes the process wait and loses nothing', async () => {
    const total = 8 << 20;
    using other = new Api(s.daemon);
    const session = other.run(s.spec(['burst', String(total), '4']));
    await within('ready', session.ready);
    session.stream.pause();
    await sleep(stallMs);
    session.stream.resume();
    const exit = await session.exit();
    assert.equal(exit.code, 4);
    assert.ok(session.stdout.equals(pattern(total)));
    assert.equal(session.gaps, 0);
  });

  test('does not block the daemon or the log', async () => {
    using other = new Api(s.daemon);
    const session = other.run(s.spec(['sh', '-c', 'yes'], { tty: true }, { name: 'yes' }));
    await within('ready', session.ready);
    session.stream.pause();
    const end = Date.now() + stallMs;
    let slowest = 0;
    while (Date.now() < end) {
      const start = Date.now();
      await s.api.call((callback) => s.api.system.GetVersion({}, callback as never));
      slowest = Math.max(slowest, Date.now() - start);
      await sleep(50);
    }
    assert.ok(slowest < 2000, `an answer took ${slowest} ms`);
    await s.ok(['rm', '-f', 'yes']);
    session.onData = () => {};
    session.stream.resume();
    await session.end.catch(() => null);
  });

  test('a background child that goes on writing is read until it pauses, and the cut is reported (T20)', async () => {
    const id = await s.detached([], ['sleep', '100000']);
    const session = s.api.exec(id, {
      args: ['bash', '-c', '(while :; do echo more; sleep 0.1; done) & exit 0'],
    });
    const exit = await session.exit(30_000);
    assert.equal(exit.code, 0);
    assert.equal(exit.outputCut, true);
    await s.ok(['rm', '-f', id]);
  });
});

describe('a background child that keeps the output open (T20)', { concurrency: 4 }, () => {
  for (const tty of [false, true]) {
    test(`does not delay the end of a container forever${tty ? ' on a tty' : ''}`, async () => {
      const session = s.api.run(s.spec(['bash', '-c', 'sleep 1000 & echo done; exit 3'], { tty }));
      assert.equal((await session.exit(15_000)).code, 3);
      assert.match(session.stdout.toString(), /^done\r?\n$/);
    });

    test(`does not delay the end of an exec forever${tty ? ' on a tty' : ''}`, async () => {
      const id = await s.detached([], ['sleep', '100000']);
      const session = s.api.exec(id, {
        args: ['bash', '-c', 'trap "" HUP; sleep 1234 & echo done; exit 3'],
        tty,
      });
      assert.equal((await session.exit(15_000)).code, 3);
      assert.match(session.stdout.toString(), /^done\r?\n$/);
      await s.ok(['rm', '-f', id]);
    });
  }
});
