import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { LikerError } from '../../../common/errors.ts';
import type { RunRequestInput } from '../../../proto/gen/types/liker/v1/RunRequest.ts';
import type { RunResponse } from '../../../proto/gen/types/liker/v1/RunResponse.ts';
import { v1 } from '../../../test/harness/services.ts';
import { ApiFixture, detailsOf } from '../../test/api-fixture.ts';
import { exitStatus, FakeSession } from '../../test/fake-engine.ts';

const start: RunRequestInput = {
  start: { spec: { rootfs: { directory: '/' }, process: { args: ['true'] } } },
};

function stdin(offset: number, data: string | Buffer): RunRequestInput {
  return { input: { stdin: { offset, data: Buffer.from(data) } } };
}

interface Outcome {
  readonly frames: RunResponse[];
  readonly code: number;
  readonly error: unknown;
}

interface ClientCall {
  on(event: 'data', listener: (frame: RunResponse) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'status', listener: (status: { code: number }) => void): unknown;
}

/** Collects what comes until the call has its status. */
function outcome(call: ClientCall): Promise<Outcome> {
  const frames: RunResponse[] = [];
  let error: unknown;
  call.on('data', (frame) => frames.push(frame));
  call.on('error', (thrown) => {
    error = thrown;
  });
  return new Promise((resolve) => {
    // The error comes with the status, in the same turn.
    call.on('status', ({ code }) => setImmediate(() => resolve({ frames, code, error })));
  });
}

function runWith(
  sessions: PromiseWithResolvers<FakeSession>,
): (spec: unknown, o: unknown, sink: FakeSession['sink']) => Promise<FakeSession> {
  return async (_spec, _options, sink) => {
    const session = new FakeSession(sink);
    sessions.resolve(session);
    return session;
  };
}

test('a session carries every frame in order and ends with the exit', async () => {
  const made = Promise.withResolvers<FakeSession>();
  await using fixture = await ApiFixture.start({ sessions: { run: runWith(made) } });
  const call = fixture.client('SessionService').run();
  const done = outcome(call);
  call.write(start);
  const session = await made.promise;
  session.ready();
  let offset = 0;
  for (let index = 0; index < 500; index += 1) {
    const data = Buffer.from(`line ${index}\n`);
    session.sink.send({ kind: index % 2 ? 'stderr' : 'stdout', offset, data }, () => {});
    offset += data.length;
  }
  session.exit(7);
  const { frames, code } = await done;
  assert.equal(code, status.OK);
  assert.equal(frames.length, 502);
  assert.equal(frames[0]?.output?.frame, 'ready');
  assert.equal(frames[0]?.output?.ready?.containerName, 'web');
  const text = frames.slice(1, -1).map(({ output }) => String((output?.stdout ?? output?.stderr)?.data));
  assert.deepEqual(
    text,
    Array.from({ length: 500 }, (_, index) => `line ${index}\n`),
  );
  assert.equal(frames.at(-1)?.output?.exit?.code, 7);
  assert.deepEqual(frames.at(-1)?.output?.exit?.exitedAt, { seconds: 1_700_000_000, nanos: 123_500_000 });
  assert.equal(session.lostCount, 0, 'an orderly end is not a vanished client');
});

test('frames that arrive while the session is being opened reach it in order', async () => {
  const made = Promise.withResolvers<FakeSession>();
  const gate = Promise.withResolvers<void>();
  await using fixture = await ApiFixture.start({
    sessions: {
      run: async (_spec, _options, sink) => {
        await gate.promise;
        const session = new FakeSession(sink);
        made.resolve(session);
        return session;
      },
    },
  });
  const call = fixture.client('SessionService').run();
  const done = outcome(call);
  call.write(start);
  for (let index = 0; index < 50; index += 1) call.write(stdin(index, String(index % 10)));
  call.write({ input: { resize: { columns: 80, rows: 24 } } });
  call.write({ input: { signal: { signal: 'INT' } } });
  call.write({ input: { closeStdin: {} } });
  call.end();
  gate.resolve();
  const session = await made.promise;
  await session.received(53);
  const kinds = session.frames.map((frame) => frame.kind);
  assert.deepEqual(kinds, [...Array(50).fill('stdin'), 'resize', 'signal', 'close-stdin']);
  assert.deepEqual(
    session.frames.slice(0, 50).map((frame) => frame.kind === 'stdin' && frame.offset),
    Array.from({ length: 50 }, (_, index) => index),
  );
  assert.equal(session.lostCount, 0, 'a half-close is no vanished client');
  session.ready();
  session.exit(0);
  assert.equal((await done).frames.at(-1)?.output?.exit?.code, 0);
});

test('T27: a slow reader delays nobody and receives all: bytes are flushed as it reads them', async () => {
  const made = Promise.withResolvers<FakeSession>();
  await using fixture = await ApiFixture.start({ sessions: { run: runWith(made) } });
  const call = fixture.client('SessionService').run();
  call.on('error', () => {});
  call.write(start);
  const session = await made.promise;
  session.ready();
  const [first] = (await once(call, 'data')) as [RunResponse];
  assert.equal(first.output?.frame, 'ready');
  call.pause();
  const chunk = Buffer.alloc(32 * 1024, 'x');
  let flushed = 0;
  for (let index = 0; index < 200; index += 1) {
    session.sink.send({ kind: 'stdout', offset: index * chunk.length, data: chunk }, () => {
      flushed += 1;
    });
  }
  session.exit(3);
  // Another client of the same daemon meanwhile.
  const other = await new Promise((resolve, reject) =>
    fixture
      .client('SystemService')
      .getVersion({}, (error, response) => (error ? reject(error) : resolve(response))),
  );
  assert.equal((other as { version: string }).version, '1.2.3');
  assert.ok(flushed < 200, `${flushed} chunks were flushed to a reader that does not read`);
  const done = outcome(call);
  call.resume();
  const { frames } = await done;
  assert.equal(flushed, 200);
  assert.equal(frames.at(-1)?.output?.exit?.code, 3);
  const bytes = frames.reduce((sum, frame) => sum + (frame.output?.stdout?.data.length ?? 0), 0);
  assert.equal(bytes, 200 * chunk.length);
});

test('a process that does not read stdin stops the client, but not a signal behind the stdin', async () => {
  const made = Promise.withResolvers<FakeSession>();
  await using fixture = await ApiFixture.start({ sessions: { run: runWith(made) } });
  const call = fixture.client('SessionService').run();
  const done = outcome(call);
  call.write(start);
  const session = await made.promise;
  session.welcome = false;
  const chunk = Buffer.alloc(64 * 1024, 'x');
  for (let index = 0; index < 4; index += 1) call.write(stdin(index * chunk.length, chunk));
  call.write({ input: { signal: { signal: 'TERM' } } });
  await session.received(2);
  assert.deepEqual(
    session.frames.map((frame) => frame.kind),
    ['stdin', 'signal'],
    'the rest of stdin waits, the signal does not',
  );
  session.welcome = true;
  session.resumed();
  assert.deepEqual(
    session.frames.map((frame) => frame.kind),
    ['stdin', 'signal', 'stdin', 'stdin', 'stdin'],
  );

  session.welcome = false;
  let written = 0;
  for (let index = 4; index < 400; index += 1) {
    call.write(stdin(index * chunk.length, chunk), () => {
      written += 1;
    });
  }
  await session.received(6);
  const before = written;
  assert.ok(before < 396, 'all of 25 MiB was taken although nobody reads it');
  session.welcome = true;
  session.resumed();
  await session.received(5 + 396);
  const offsets = session.frames.flatMap((frame) => (frame.kind === 'stdin' ? [frame.offset] : []));
  assert.deepEqual(
    offsets,
    Array.from({ length: 400 }, (_, index) => index * chunk.length),
  );
  session.exit(0);
  assert.equal((await done).code, status.OK);
});

test('a client need not wait until each chunk of stdin is read', { timeout: 20_000 }, async () => {
  const opening = Promise.withResolvers<void>();
  await using fixture = await ApiFixture.start({
    sessions: {
      run: () => {
        opening.resolve();
        // While a session is being opened the daemon reads nothing: what is sent has to fit into the window.
        return new Promise(() => {});
      },
    },
  });
  const http2 = connectHttp2('http://localhost', { createConnection: () => connect(fixture.socket) });
  try {
    const { Run } = v1.SessionService.service;
    const message = Run.requestSerialize(start);
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    const path = { ':method': 'POST', ':path': Run.path };
    const stream = http2.request({ ...path, 'content-type': 'application/grpc', te: 'trailers' });
    stream.on('error', () => {});
    stream.write(Buffer.concat([head, message]));
    await opening.promise;
    await new Promise((sent) => stream.write(Buffer.alloc(900 * 1024), sent));
  } finally {
    http2.destroy();
  }
});

test('a client that disconnects is reported once, even while the session is being opened', async () => {
  const made = Promise.withResolvers<FakeSession>();
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  await using fixture = await ApiFixture.start({
    sessions: {
      exec: async (_container, _process, _options, sink) => {
        begun.resolve();
        await gate.promise;
        const session = new FakeSession(sink);
        made.resolve(session);
        return session;
      },
      run: runWith(made),
    },
  });
  const exec = fixture.client('SessionService').exec();
  const done = outcome(exec as never);
  exec.write({ start: { container: 'web', process: { args: ['sh'] } } });
  await begun.promise;
  exec.cancel();
  await done;
  gate.resolve();
  const session = await made.promise;
  await session.gone;
  assert.equal(session.lostCount, 1);
  session.sink.send({ kind: 'stdout', offset: 0, data: Buffer.from('late') }, () => {});
  session.exit(0);
  assert.equal(session.lostCount, 1);
});

test('a connection that breaks after a half-close counts as a client that disconnected', async () => {
  const made = Promise.withResolvers<FakeSession>();
  await using fixture = await ApiFixture.start({ sessions: { run: runWith(made) } });
  const client = fixture.client('SessionService');
  const call = client.run();
  const done = outcome(call);
  call.write(start);
  call.end();
  const session = await made.promise;
  session.ready();
  await once(call, 'data');
  call.cancel();
  await done;
  await session.gone;
  assert.equal(session.lostCount, 1);
});

test('a detach passes on the waiting stdin first', async () => {
  const made = Promise.withResolvers<FakeSession>();
  await using fixture = await ApiFixture.start({ sessions: { run: runWith(made) } });
  const call = fixture.client('SessionService').run();
  const done = outcome(call);
  call.write(start);
  const session = await made.promise;
  session.welcome = false;
  for (let index = 0; index < 3; index += 1) call.write(stdin(index, 'x'));
  call.write({ input: { detach: {} } });
  await session.received(4);
  assert.deepEqual(
    session.frames.map((frame) => frame.kind),
    ['stdin', 'stdin', 'stdin', 'detach'],
  );
  session.sink.send({ kind: 'detached' }, () => {});
  session.sink.end();
  const { frames, code } = await done;
  assert.equal(code, status.OK);
  assert.equal(frames.at(-1)?.output?.frame, 'detached');
});

test('a refusal of the engine ends the call with its status and details', async () => {
  await using fixture = await ApiFixture.start({
    sessions: {
      attach: async () => {
        throw new LikerError(
          'WRONG_STATE',
          "Cannot attach container 'web': it is not running; start it first",
          {
            metadata: { state: 'exited' },
            syscall: { step: 'mount', syscall: 'move_mount', errno: 'EPERM', object: '/proc' },
          },
        );
      },
    },
  });
  const call = fixture.client('SessionService').attach();
  const done = outcome(call as never);
  call.write({ start: { container: 'web' } });
  const { code, error, frames } = await done;
  assert.equal(code, status.FAILED_PRECONDITION);
  assert.equal(frames.length, 0);
  assert.match(String(error), /Cannot attach container 'web': it is not running/);
  const details = detailsOf(error)?.details;
  assert.equal(details?.reason, 'WRONG_STATE');
  assert.deepEqual(details?.metadata, { state: 'exited' });
  assert.equal(details?.syscall?.errno, 'EPERM');
});

test('an error after output arrives after the output', async () => {
  const made = Promise.withResolvers<FakeSession>();
  await using fixture = await ApiFixture.start({ sessions: { run: runWith(made) } });
  const call = fixture.client('SessionService').run();
  const done = outcome(call);
  call.write(start);
  const session = await made.promise;
  session.ready();
  session.sink.send({ kind: 'stdout', offset: 0, data: Buffer.from('before') }, () => {});
  call.write({ input: { signal: { signal: 'NONSENSE' } } });
  const { frames, code, error } = await done;
  assert.equal(code, status.INVALID_ARGUMENT);
  assert.equal(detailsOf(error)?.details.field, 'input.signal.signal');
  assert.equal(String(frames.at(-1)?.output?.stdout?.data), 'before');
  assert.equal(session.lostCount, 1);
});

test('a stream starts with exactly one start frame', async () => {
  const made = Promise.withResolvers<FakeSession>();
  await using fixture = await ApiFixture.start({ sessions: { run: runWith(made) } });
  const client = fixture.client('SessionService');
  for (const first of [stdin(0, 'x'), {}]) {
    const call = client.run();
    const done = outcome(call);
    call.write(first);
    call.end();
    const { code, error } = await done;
    assert.equal(code, status.INVALID_ARGUMENT);
    assert.equal(detailsOf(error)?.details.field, 'start');
  }
  const twice = client.run();
  const done = outcome(twice);
  twice.write(start);
  twice.write(start);
  assert.equal((await done).code, status.INVALID_ARGUMENT);
  assert.equal((await made.promise).lostCount, 1);
});

test('a stream without a first frame is closed', async () => {
  await using fixture = await ApiFixture.start({}, { firstFrameMs: 20 });
  const { code } = await outcome(fixture.client('SessionService').run());
  assert.equal(code, status.DEADLINE_EXCEEDED);
});

test('chunks above 1 MiB and messages above 16 MiB are refused', async () => {
  const made = Promise.withResolvers<FakeSession>();
  await using fixture = await ApiFixture.start({ sessions: { run: runWith(made) } });
  const client = fixture.client('SessionService');
  const chunk = client.run();
  const chunkDone = outcome(chunk);
  chunk.write(start);
  chunk.write(stdin(0, Buffer.alloc(1024 * 1024 + 1)));
  const refused = await chunkDone;
  assert.equal(refused.code, status.INVALID_ARGUMENT);
  assert.equal(detailsOf(refused.error)?.details.field, 'input.stdin.data');
  const message = client.run();
  const messageDone = outcome(message);
  message.write(start);
  message.write(stdin(0, Buffer.alloc(17 * 1024 * 1024)));
  assert.equal((await messageDone).code, status.RESOURCE_EXHAUSTED);
});

test('a shutdown ends the streams with UNAVAILABLE and keeps their sessions', async () => {
  const made = Promise.withResolvers<FakeSession>();
  const fixture = await ApiFixture.start({ sessions: { run: runWith(made) } });
  const call = fixture.client('SessionService').run();
  const done = outcome(call);
  call.write(start);
  const session = await made.promise;
  session.ready();
  await once(call, 'data');
  await fixture[Symbol.asyncDispose]();
  const { code, error } = await done;
  assert.equal(code, status.UNAVAILABLE);
  assert.equal(detailsOf(error)?.details.reason, 'SHUTTING_DOWN');
  assert.equal(session.lostCount, 0);
});

test('a deadline or cancellation of ExecSync reaches the engine, and the output fits into a message', async () => {
  const aborted = Promise.withResolvers<void>();
  let arrived = false;
  let hang = true;
  await using fixture = await ApiFixture.start({
    sessions: {
      execSync: (_container, _process, _stdin, signal) => {
        arrived = true;
        if (!hang) {
          const big = Buffer.alloc(16 * 1024 * 1024, 'o');
          return Promise.resolve({
            exit: exitStatus(0),
            stdout: big,
            stderr: Buffer.from('e'),
            truncated: false,
          });
        }
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted.resolve();
            reject(signal.reason);
          });
        });
      },
    },
  });
  const client = fixture.client('SessionService');
  const request = { container: 'web', process: { args: ['sleep', '9'] } };
  // On a busy machine a deadline may be over before the call has arrived.
  for (let afterMs = 50; !arrived; afterMs *= 2) {
    const error = await new Promise((resolve) =>
      client.execSync(request, { deadline: Date.now() + afterMs }, (thrown) => resolve(thrown)),
    );
    assert.equal((error as { code: number }).code, status.DEADLINE_EXCEEDED);
  }
  await aborted.promise;
  hang = false;
  const response = await new Promise<{ stdout: Buffer; truncated: boolean }>((resolve, reject) =>
    client.execSync(request, (thrown, value) => (value ? resolve(value) : reject(thrown))),
  );
  assert.equal(response.truncated, true);
  assert.ok(response.stdout.length > 15.9 * 1024 * 1024);
});
