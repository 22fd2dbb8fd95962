import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LikerError } from '../../common/errors.ts';
import { type FakeHandlers, FakeServer, serviceError } from '../test/fake-server.ts';
import { PipedLikerctl } from '../test/likerctl.ts';
import { Connection } from './connection.ts';
import { containers, events } from './methods.ts';
import { wireFrom } from './wires.ts';

const openWire = await wireFrom(process.env);

const patience = { timeout: 30_000 };
const never = new Promise<never>(() => {});

/** Resolves when the method has been called this often. */
function calls(times = 1) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const requests: { container: string; requestId: string }[] = [];
  const take = (request: never) => {
    requests.push(request);
    if (requests.length === times) resolve();
  };
  return { requests, take, come: promise };
}

/** A server that takes calls and answers none; `come` resolves when they have come. */
async function silent(server: FakeServer, method: string, times = 1): Promise<ReturnType<typeof calls>> {
  const log = calls(times);
  const answer = (request: never) => {
    log.take(request);
    return never;
  };
  await server.listen({ unary: { [method]: answer } });
  return log;
}

const answers = (method: string, answer: (request: never) => object): FakeHandlers => ({
  unary: { [method]: answer },
});

test(
  'calls that lost their answer share one reconnection and are repeated with the same request_id',
  patience,
  async () => {
    await using server = new FakeServer();
    const first = await silent(server, 'StopContainer', 20);
    const connection = new Connection(server.socketPath, openWire);
    const stops = Array.from({ length: 20 }, (_, index) =>
      connection.unary(containers.StopContainer, { container: 'web', requestId: String(index) }),
    );
    await first.come;
    server.kill();
    const again = calls(20);
    await server.listen(
      answers('StopContainer', (request) => {
        again.take(request);
        return { container: { id: 'd' } };
      }),
    );
    for (const { container } of await Promise.all(stops)) assert.equal(container?.id, 'd');
    const ids = ({ requests }: typeof again) => requests.map(({ requestId }) => Number(requestId)).sort();
    assert.deepEqual(ids(again), ids(first));
    connection.close();
  },
);

test('a daemon that announces its shutdown is waited for like one that was killed', patience, async () => {
  await using server = new FakeServer();
  let asked = 0;
  await server.listen(
    answers('GetContainer', () => {
      if (++asked < 3) throw serviceError('UNAVAILABLE', 'likerd ends', { reason: 'SHUTTING_DOWN' });
      return { container: { id: 'd' } };
    }),
  );
  const connection = new Connection(server.socketPath, openWire);
  const { container } = await connection.unary(containers.GetContainer, { container: 'web' });
  assert.deepEqual([container?.id, asked], ['d', 3]);
  connection.close();
});

test(
  'a call fails at once if there was no daemon, and waits if the connection was lost',
  patience,
  async () => {
    await using server = new FakeServer();
    const unreachable = (error: unknown) =>
      error instanceof LikerError &&
      error.reason === 'DAEMON_UNREACHABLE' &&
      /no daemon is listening there; start it with/.test(error.message);
    const nobody = new Connection(server.socketPath, openWire);
    await assert.rejects(nobody.unary(containers.GetContainer, { container: 'web' }), unreachable);
    nobody.close();

    const { come } = await silent(server, 'GetContainer');
    const connection = new Connection(server.socketPath, openWire);
    const call = connection.unary(containers.GetContainer, { container: 'web' }, { patienceMs: 300 });
    await come;
    server.kill();
    await assert.rejects(call, unreachable);
    connection.close();
  },
);

test("a call that may be the cause of the daemon's death is not repeated forever", patience, async () => {
  await using server = new FakeServer();
  const connection = new Connection(server.socketPath, openWire);
  let asked = 0;
  const deadly = answers('GetTop', () => {
    asked += 1;
    server.kill();
    void server.listen(deadly);
    return never;
  });
  await server.listen(deadly);
  await assert.rejects(connection.unary(containers.GetTop, { container: 'web' }), LikerError);
  assert.equal(asked, 4);
  connection.close();
});

test('a stream resumes where it stopped', patience, async () => {
  await using server = new FakeServer();
  const since: (number | undefined)[] = [];
  const told = (from: number, to: number, end: Promise<void>): FakeHandlers => ({
    streams: {
      async *Subscribe({ sinceSeq }: { sinceSeq?: number }) {
        since.push(sinceSeq);
        for (let seq = from; seq <= to; seq++) yield { event: { seq, storeId: 's' } };
        await end;
      },
    },
  });
  await server.listen(told(5, 7, never));
  const connection = new Connection(server.socketPath, openWire);
  const seen: number[] = [];
  const place = () => ({ sinceSeq: seen.at(-1) ?? 4, follow: true });
  for await (const { event } of connection.messages(events.Subscribe, place)) {
    seen.push(Number(event?.seq));
    if (seen.length !== 3) continue;
    server.kill();
    await server.listen(told(8, 9, Promise.resolve()));
  }
  assert.deepEqual(seen, [5, 6, 7, 8, 9]);
  assert.deepEqual(since, [4, 7]);
  connection.close();
});

test(
  'a wait reports that the daemon is away, at once and again if it takes long, and then resumes',
  patience,
  async () => {
    await using server = new FakeServer();
    const { come, take } = calls();
    const container = { id: 'd'.repeat(64), exit: { exitedAt: { seconds: 5, nanos: 0 } } };
    await server.listen({
      unary: {
        GetContainer: () => ({ container }),
        WaitContainer: (request: never) => {
          take(request);
          return never;
        },
      },
    });
    const client = new PipedLikerctl(server.socketPath, ['wait', '--condition', 'next-exit', 'web']);
    client.child.stdin.end();
    await come;
    server.kill();
    await client.sees('still nothing listens', 'stderr');
    let asked: object = {};
    await server.listen(
      answers('WaitContainer', (request) => {
        asked = request;
        return { exit: { code: 3 } };
      }),
    );
    const { code, stdout, stderr } = await client.outcome();
    assert.deepEqual([code, stdout], [0, '3\n']);
    const { container: waited, knownExit } = asked as { container: string; knownExit: object };
    assert.deepEqual([waited, knownExit], [container.id, container.exit.exitedAt]);
    const notices = stderr.split('\n').map((line) => line.replace(/;.*/, ''));
    const away = `likerctl: still nothing listens at unix://${server.socketPath}`;
    assert.deepEqual(notices, ['likerctl: lost likerd', away, 'likerctl: reconnected', '']);
  },
);

test(
  'a short call reports nothing at first, and what it is waiting for if that takes long',
  patience,
  async () => {
    await using server = new FakeServer();
    const { come } = await silent(server, 'PauseContainer');
    const quick = new PipedLikerctl(server.socketPath, ['pause', 'web']);
    quick.child.stdin.end();
    await come;
    server.kill();
    const long = await silent(server, 'PauseContainer', 1);
    await long.come;
    assert.equal(quick.stderr, '');
    server.kill();
    await quick.sees('still nothing listens', 'stderr');
    await server.listen(answers('PauseContainer', () => ({})));
    const { code, stdout, stderr } = await quick.outcome();
    assert.deepEqual([code, stdout], [0, 'web\n']);
    assert.match(
      stderr,
      /^likerctl: lost likerd; waiting for it to come back .*\nlikerctl: still nothing listens .*\n$/,
    );
  },
);
