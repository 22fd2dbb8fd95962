// Whatever a client sends, only its own call may fail: another session of the same container goes on.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ServiceError } from '@grpc/grpc-js';
import { Api, type ApiSession, failure, reasonOf } from './harness/api.ts';
import { suite } from './harness/suite.ts';
import { within } from './harness/until.ts';

const s = suite({ helpers: ['burst'] });

const invalidArgument = 3;
const failedPrecondition = 9;

/** Resolves when the session has received all of stdout that the ring holds. */
function replayed(session: ApiSession): Promise<void> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    session.onData = (stream, data) => {
      if (stream === 'stdout') bytes += data.length;
      if (bytes >= 250_000) resolve();
    };
    session.end.then(() => reject(new Error(`The session has ended after ${bytes} bytes`)), reject);
  });
}

describe('beside a working session', () => {
  let id = '';
  let neighbour: ApiSession;
  let words = 0;

  before(async () => {
    id = await s.detached(['-i'], ['sh', '-c', 'exec 3<&0; while read line <&3; do echo main:$line; done']);
    neighbour = s.api.exec(id, { args: ['sh', '-c', 'while read x; do echo got:$x; done'], openStdin: true });
    await neighbour.ready;
  });

  after(async () => {
    await s.ok(['rm', '-f', id]);
    await neighbour.end;
  });

  /** The session still responds on the same stream, and the daemon has not lost the shim. */
  async function unharmed(): Promise<void> {
    words += 1;
    neighbour.type(`word${words}\n`);
    await neighbour.waitFor(`got:word${words}\n`);
    assert.equal((await s.inspect(id)).State.Status, 'running');
    assert.doesNotMatch(s.daemon.log, /connection to a shim was lost/);
  }

  test('stdin at a wrong offset ends only its own stream, however often it is sent', async () => {
    for (const offsets of [[1000], [0, 1000], [0, 5], [0, 2], [4, 2 ** 40], [Number.MAX_SAFE_INTEGER]]) {
      const session = s.api.exec(id, { args: ['cat'], openStdin: true });
      await session.ready;
      for (const offset of offsets) session.send({ stdin: { offset, data: Buffer.from('abc') } });
      const error = await failure(within('the end', session.end, { deadlineMs: 10_000 }));
      assert.equal(error.code, invalidArgument, `${offsets}: ${error.message}`);
      assert.match(error.details, /input\.stdin\.offset/);
      const attached = s.api.attach(id);
      await attached.ready;
      attached.send({ stdin: { offset: 77, data: Buffer.from('abc') } });
      assert.equal(
        (await failure(within('the end', attached.end, { deadlineMs: 10_000 }))).code,
        invalidArgument,
      );
      await unharmed();
    }
  });

  test('execs with as many arguments as the kernel accepts run, and those with more are refused', async () => {
    // The kernel accepts a quarter of the stack limit, at most 6 MiB.
    const rlimits = [{ name: 'stack', soft: 2 ** 26, hard: 2 ** 26 }];
    const answers = [];
    for (const mebibytes of [3, 4, 4.5, 5, 5.5, 5.9, 4, 5]) {
      // As many as fit: of the greatest size that the kernel accepts, and small ones.
      const size = mebibytes % 1 === 0 ? 120_000 : 100;
      const args = Array.from({ length: Math.floor((mebibytes * 2 ** 20) / (size + 9)) }, () =>
        'x'.repeat(size),
      );
      const session = s.api.exec(id, { args: ['sh', '-c', 'echo $#', 'sh', ...args], rlimits });
      const answer = await session.exit().catch((error: ServiceError) => error);
      if (answer instanceof Error) assert.ok([invalidArgument, 8].includes(answer.code), answer.message);
      else if (answer.code === 0) assert.equal(session.stdout.toString(), `${args.length}\n`);
      else assert.match(answer.startError, /E2BIG/);
      answers.push(answer instanceof Error ? answer.details : answer.code);
      await unharmed();
    }
    assert.deepEqual(new Set(answers.slice(0, 5)), new Set([0]), 'up to 5.5 MiB they run');
    // With the container's own environment it is more than a shim accepts.
    const heavy = await s.detached(
      Array.from({ length: 12 }, (_, index) => ['-e', `V${index}=${'x'.repeat(100_000)}`]).flat(),
      ['sleep', '100000'],
    );
    const env = Array.from({ length: 62 }, (_, index) => `W${index}=${'x'.repeat(100_000)}`);
    for (let time = 0; time < 3; time++) {
      const call = s.api.exec(heavy, { args: ['true'], env, rlimits }).exit();
      const end = await call.catch((error: ServiceError) => error);
      assert.match(end instanceof Error ? end.details : end.startError, /E2BIG|take \d+ bytes/);
    }
    assert.equal((await s.inspect(heavy)).State.Status, 'running');
    await s.ok(['rm', '-f', heavy]);
  });

  test('three chunks without an offset arrive complete, one after the other', async () => {
    const session = s.api.exec(id, { args: ['cat'], openStdin: true });
    await session.ready;
    for (const text of ['one-', 'two-', 'three']) session.send({ stdin: { data: Buffer.from(text) } });
    session.send({ closeStdin: {} });
    assert.equal((await session.exit()).code, 0);
    assert.equal(session.stdout.toString(), 'one-two-three');
    await unharmed();
  });

  test('stdin for a process without open_stdin is refused instead of dropped', async () => {
    for (const tty of [false, true]) {
      const session = s.api.exec(id, { args: ['sleep', '1000'], tty });
      assert.equal((await session.ready).openStdin, false);
      session.send({ stdin: { data: Buffer.from('lost') } });
      const error = await failure(within('the end', session.end, { deadlineMs: 10_000 }));
      assert.deepEqual([error.code, reasonOf(error)], [failedPrecondition, 'NO_STDIN'], error.message);
      await unharmed();
    }
    const ended = s.api.exec(id, { args: ['true'] });
    // It wrote no bytes, so none are lost.
    ended.send({ closeStdin: {} });
    assert.equal((await ended.exit()).code, 0);
  });

  test('three hundred clients request a replay at once', async () => {
    const script = 'burst 1000000 0; burst 1000000 0 >&2; echo all; exec cat';
    const noisy = await s.detached(['-i'], ['sh', '-c', script]);
    // While it writes, output that an onlooker has not read yet may be dropped.
    await s.api.attach(noisy).waitFor('all\n');
    const first = s.api.exec(noisy, { args: ['cat'], openStdin: true });
    await first.ready;
    const apis = Array.from({ length: 30 }, () => new Api(s.daemon));
    try {
      const sessions = apis.flatMap((api) =>
        Array.from({ length: 10 }, () => api.attach(noisy, { readOnly: true })),
      );
      await within('all the replays', Promise.all(sessions.map(replayed)));
      first.type('still here\n');
      await first.waitFor('still here\n');
      assert.doesNotMatch(s.daemon.log, /connection to a shim was lost/);
    } finally {
      for (const api of apis) api[Symbol.dispose]();
    }
    await s.ok(['rm', '-f', noisy]);
    await unharmed();
  });
});
