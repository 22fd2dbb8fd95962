import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { noBound } from '../../../common/shim/protocol.ts';
import type { Shim } from '../../kernel/process/shim.ts';
import { FakeClient } from '../../test/fake-client.ts';
import type { ProcessSpec } from '../process/spec.ts';
import type { AttachOptions } from './frames.ts';
import { ContainerProcess } from './process.ts';

const started = { pid: 5, startTime: '9', startedAtNs: 1_000_000n };
const attachOptions: Omit<AttachOptions, 'start'> = {
  processId: 'main',
  readOnly: false,
  replay: true,
  resume: null,
  terminalSize: null,
};

class DirectClient extends FakeClient {
  readonly directFor = 1000;
}

/** Lets everything happen that is due. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

function newProcess({ offers = true } = {}) {
  const calls: string[] = [];
  const connected = Promise.withResolvers<Socket>();
  let isOffered = offers;
  const shim = {
    takesClients: true,
    openClient: async (_: number, { may, since }: { may: number; since: { stdout: bigint } }) => {
      calls.push(`open ${may} ${since.stdout === noBound ? 'nothing' : since.stdout}`);
      return true;
    },
    closeClient: () => calls.push('close'),
    hear: (_: number, { output, clients }: { output: boolean; clients: boolean }) =>
      calls.push(`hear ${output} ${clients}`),
    limit: (_: number, stream: number, offset: bigint) =>
      calls.push(`limit ${stream} ${offset === noBound ? 'none' : offset}`),
    snapshot: (_: number, request: number) => calls.push(`snapshot ${request}`),
    askStdinOffset: () => {},
  };
  const process = new ContainerProcess(
    {
      containerId: 'c',
      containerName: () => 'name',
      processId: 'main',
      number: 0,
      spec: { tty: false, openStdin: true } as ProcessSpec,
      onDisconnect: 'kill',
    },
    shim as unknown as Shim,
    {
      clientLost: () => calls.push('lost'),
      attached: () => {},
      detached: () => {},
      offerSocket: async () => {
        if (!offers) return null;
        return {
          path: '/there',
          connected: connected.promise,
          [Symbol.dispose]: () => {
            isOffered = false;
          },
        };
      },
    },
  );
  const answer = (id: string, isOpen: boolean) => process.clientOpened(BigInt(`0x${id}`), isOpen);
  return {
    process,
    calls,
    answer,
    connect: () => connected.resolve({} as Socket),
    isOffered: () => isOffered,
  };
}

test('a client that connects is handed to the shim, and no output comes this way', async () => {
  const { process, calls, answer, connect, isOffered } = newProcess();
  const client = new DirectClient(true);
  const session = process.initiate(client);
  await settle();
  assert.deepEqual(client.frames, [{ kind: 'channel', path: '/there' }]);
  process.started(started);
  connect();
  await settle();
  process.clients.output(1, 0n, Buffer.from('on its way'));
  assert.deepEqual(calls, ['open 3 0'], 'its limit is in force until the shim has it');
  answer(session.id, true);
  await settle();
  assert.deepEqual(client.kinds(), ['channel', 'ready']);
  const ready = client.frames.at(-1);
  assert.ok(ready?.kind === 'ready' && ready.direct);
  assert.deepEqual(calls.slice(1), ['hear false false', 'limit 1 none', 'limit 2 none']);
  assert.equal(isOffered(), false);
  session.lost();
  assert.deepEqual(calls.slice(4), ['close', 'hear true false', 'lost']);
});

test('a client that cannot connect, or that the shim does not take, gets a replay from the first byte', async () => {
  const ways: ((made: ReturnType<typeof newProcess>, id: string) => unknown)[] = [
    ({ process }, id) => process.clientOpened(BigInt(`0x${id}`), true),
    ({ connect, answer }, id) => {
      connect();
      setImmediate(() => answer(id, false));
    },
    ({ connect, process }) => {
      connect();
      setImmediate(() => {
        process.shim = null;
      });
    },
  ];
  for (const [index, way] of ways.entries()) {
    const made = newProcess();
    const client = new DirectClient(true);
    const session = made.process.initiate(client);
    made.process.started(started);
    if (index === 0) session.input({ kind: 'channel-refused' }, () => {});
    way(made, session.id);
    await settle();
    await settle();
    await settle();
    if (index < 2) {
      assert.ok(made.calls.includes('snapshot 1'), `${index}: ${made.calls}`);
      made.process.clients.replayData(1, 1, 0n, Buffer.from('first'));
      made.process.clients.replayEnd(1, 5n, 0n);
      assert.equal(client.text(), 'first');
    } else assert.deepEqual(client.kinds(), ['channel', 'ready']);
    assert.equal(made.isOffered(), false);
  }
});

test('without a place for sockets the session goes through likerd', async () => {
  const { process, calls } = newProcess({ offers: false });
  const client = new DirectClient(true);
  process.initiate(client);
  process.started(started);
  await settle();
  assert.deepEqual(calls, ['snapshot 1']);
  process.clients.replayEnd(1, 0n, 0n);
  assert.deepEqual(client.kinds(), ['ready']);
});

test('a client that is still connected resumes without a replay', () => {
  const { process, calls } = newProcess();
  process.started(started);
  const client = new DirectClient(true);
  const resume = { sessionId: '00000000000000ff', stdoutOffset: 7, stderrOffset: 0, direct: true };
  process.attach(client, { ...attachOptions, resume });
  assert.deepEqual(client.kinds(), ['ready']);
  assert.ok(!calls.some((call) => call.startsWith('snapshot')), calls.join());
});

test('beside a client here, output comes here, too', async () => {
  const { process, calls, answer, connect } = newProcess();
  const direct = new DirectClient(true);
  process.started(started);
  const session = process.attach(direct, { ...attachOptions, replay: false });
  connect();
  await settle();
  answer(session.id, true);
  await settle();
  assert.deepEqual(calls, ['open 3 nothing', 'hear false false']);
  const other = process.attach(new FakeClient(true), attachOptions);
  assert.deepEqual(calls.slice(2, 4), ['hear true true', 'snapshot 1']);
  other.lost();
  assert.ok(calls.includes('hear false false'));
});
