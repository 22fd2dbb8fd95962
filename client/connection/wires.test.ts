import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { FakeServer } from '../test/fake-server.ts';
import { PipedLikerctl } from '../test/likerctl.ts';
import { Connection } from './connection.ts';
import { containers, sessions } from './methods.ts';
import { TtrpcWire } from './ttrpc-wire.ts';
import { wireFrom } from './wires.ts';

const patience = { timeout: 30_000 };
const env = { LIKER_WIRE: 'ttrpc' };
const ttrpc = (socketPath: string) => new TtrpcWire(socketPath);
const answers = { unary: { GetContainer: () => ({ container: { id: 'd' } }), GetVersion: () => ({}) } };

test('a daemon that knows only gRPC is spoken to by gRPC, and nobody is told', patience, async () => {
  await using server = new FakeServer();
  await server.listen(
    {
      ...answers,
      run: async (session) => {
        await session.next();
        await session.ready();
        await session.send({ stdout: { offset: 0, data: await session.readStdin() } });
        await session.exit(3);
      },
    },
    { onlyGrpc: true },
  );
  const run = new PipedLikerctl(server.socketPath, ['run', '-i', '/', 'cat'], { env });
  run.child.stdin.end('abc');
  const { code, stdout, stderr } = await run.outcome();
  assert.deepEqual([code, stdout, stderr], [3, 'abc', '']);
  const inspect = new PipedLikerctl(server.socketPath, ['inspect', '-f', '{{.Id}}', 'web'], { env });
  const told = await inspect.outcome();
  assert.deepEqual([told.code, told.stdout, told.stderr], [0, 'd\n', '']);
});

test('a call that cannot be repeated finds out first what the daemon speaks', patience, async () => {
  await using server = new FakeServer();
  await server.listen({ ...answers, run: (session) => session.exit(0) }, { onlyGrpc: true });
  const connection = new Connection(server.socketPath, ttrpc);
  await connection.agree();
  const call = connection.bidiStream(sessions.Run);
  call.write({ start: {} });
  call.end();
  const frames: (string | undefined)[] = [];
  for await (const { output } of call.messages()) frames.push(output?.frame);
  assert.deepEqual(frames, ['exit']);
  connection.close();
});

test('after a connection that ended without an answer the next one speaks gRPC', patience, async () => {
  await using server = new FakeServer();
  const mute = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.destroy();
      mute.close(() => void server.listen(answers, { onlyGrpc: true }));
    });
  });
  await new Promise<void>((resolve) => mute.listen(server.socketPath, resolve));
  const connection = new Connection(server.socketPath, ttrpc);
  const { container } = await connection.unary(containers.GetContainer, { container: 'web' });
  assert.equal(container?.id, 'd');
  connection.close();
});

test('a message that is too large fails its call by its size', patience, async () => {
  await using server = new FakeServer();
  await server.listen(answers);
  const connection = new Connection(server.socketPath, ttrpc);
  const large = connection.unary(containers.GetContainer, { container: 'a'.repeat(2 ** 24) });
  await assert.rejects(large, /The message of \d+ bytes is too large/);
  const { container } = await connection.unary(containers.GetContainer, { container: 'web' });
  assert.equal(container?.id, 'd');
  connection.close();
});

for (const name of ['ttrpc', 'grpc'])
  test(`${name}: a call is cancelled by its signal, and no other is`, patience, async () => {
    await using server = new FakeServer();
    const come = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<object>();
    const waits = (): Promise<object> => {
      come.resolve();
      return answer.promise;
    };
    await server.listen({
      unary: { ...answers.unary, WaitContainer: waits, GetContainer: () => answer.promise },
    });
    const connection = new Connection(server.socketPath, await wireFrom({ LIKER_WIRE: name }));
    const stop = new AbortController();
    const cancelled = connection.unary(containers.WaitContainer, { container: 'web' }, stop);
    const other = connection.unary(containers.GetContainer, { container: 'web' });
    await come.promise;
    stop.abort();
    await assert.rejects(cancelled, { reason: 'CANCELLED' });
    answer.resolve({ container: { id: 'd' } });
    assert.equal((await other).container?.id, 'd');
    connection.close();
  });

test('a wire that does not exist is refused', async () => {
  await assert.rejects(wireFrom({ LIKER_WIRE: 'http3' }), /Cannot use LIKER_WIRE=http3/);
});
