import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { noBound, windowBytes } from '../../../common/shim/protocol.ts';
import type { Shim } from '../../kernel/process/shim.ts';
import { FakeClient } from '../../test/fake-client.ts';
import type { ProcessSpec } from '../process/spec.ts';
import type { ClientSession } from './client-session.ts';
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

const manyBytes = 64 * 1024;

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
    stdin: (_: number, __: bigint, offset: number, bytes: Buffer) => calls.push(`stdin ${offset} ${bytes}`),
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

/** A client of a process that has written enough to be offered a socket. */
async function offered(made: ReturnType<typeof newProcess>, client = new DirectClient(true)) {
  const session = made.process.initiate(client);
  made.process.started(started);
  made.process.clients.output(1, 0n, Buffer.alloc(manyBytes));
  await settle();
  return { client, session };
}

test('a short session has no socket, and ready waits for none', async () => {
  const { process } = newProcess();
  const client = new DirectClient(true);
  process.initiate(client);
  process.started(started);
  process.clients.output(1, 0n, Buffer.alloc(manyBytes - 1));
  assert.deepEqual(client.kinds(), ['ready', 'stdout']);
  await settle();
  assert.deepEqual(client.kinds(), ['ready', 'stdout']);
});

test('a session that lives on is offered a socket, however little it carries', async () => {
  const { process } = newProcess();
  const client = new DirectClient(true);
  const isOffered = Promise.withResolvers<void>();
  client.onFrame = ({ kind }) => kind === 'channel' && isOffered.resolve();
  process.initiate(client);
  process.started(started);
  const waits = setInterval(() => {}, 1000);
  await isOffered.promise;
  clearInterval(waits);
});

test('a client that connects is handed to the shim, and from its answer on no output comes this way', async () => {
  const made = newProcess();
  const { process, calls, answer, connect, isOffered } = made;
  const { client, session } = await offered(made);
  assert.deepEqual(client.frames.at(-1), { kind: 'channel', path: '/there' });
  connect();
  await settle();
  process.clients.output(1, BigInt(manyBytes), Buffer.from('on its way'));
  const at = manyBytes + 'on its way'.length;
  assert.equal(client.bytes(), at);
  assert.deepEqual(calls, [`limit 1 ${manyBytes + windowBytes}`, 'open 3 0'], 'it is waited for here');
  answer(session.id, true);
  await settle();
  process.clients.output(1, BigInt(at), Buffer.from('not here'));
  assert.equal(client.bytes(), at);
  assert.deepEqual(calls.slice(2), ['hear false false', 'limit 1 none', 'limit 2 none']);
  assert.equal(isOffered(), false);
  session.lost();
  assert.deepEqual(calls.slice(5), ['close', 'hear true false', 'lost']);
});

test('stdin that is on its way here when the shim takes its client reaches the process, however much that has not taken', async () => {
  const made = newProcess();
  const { calls, answer, connect } = made;
  const { session } = await offered(made);
  connect();
  await settle();
  const more = Buffer.alloc(1 << 20);
  session.input({ kind: 'stdin', offset: 0, data: more }, () => {});
  let isWelcome = false;
  session.input({ kind: 'stdin', offset: more.length, data: Buffer.from('waits') }, () => {
    isWelcome = true;
  });
  assert.equal(calls.at(-1), `stdin 0 ${more}`);
  answer(session.id, true);
  await settle();
  assert.ok(isWelcome && calls.includes(`stdin ${more.length} waits`));
});

test('output that waits for a slow client is left to the shim when that takes it', async () => {
  const made = newProcess();
  const { process, answer, connect } = made;
  const client = new DirectClient(false);
  const { session } = await offered(made, client);
  client.takeAll();
  await settle();
  for (let index = 1; index < 4; index++)
    process.clients.output(1, BigInt(index * manyBytes), Buffer.alloc(manyBytes));
  connect();
  await settle();
  answer(session.id, true);
  await settle();
  client.takeAll();
  assert.ok(client.bytes() < 4 * manyBytes);
  assert.ok(!client.kinds().includes('warning'));
});

test('a client that cannot connect, or that the shim does not take, keeps its bytes here', async () => {
  const ways: ((made: ReturnType<typeof newProcess>, session: ClientSession) => unknown)[] = [
    (_, session) => session.input({ kind: 'channel-refused' }, () => {}),
    ({ connect, answer }, { id }) => {
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
  for (const way of ways) {
    const made = newProcess();
    const { client, session } = await offered(made);
    way(made, session);
    await settle();
    await settle();
    await settle();
    made.process.clients.output(1, BigInt(manyBytes), Buffer.from('more'));
    assert.equal(client.bytes(), manyBytes + 4);
    assert.equal(made.isOffered(), false);
    assert.ok(!made.calls.some((call) => call.startsWith('hear')), made.calls.join());
  }
});

test('a read-only client stays here', async () => {
  const { process } = newProcess();
  process.started(started);
  const client = new DirectClient(true);
  process.attach(client, { ...attachOptions, readOnly: true });
  process.clients.replayData(1, 1, 0n, Buffer.alloc(manyBytes));
  process.clients.replayEnd(1, BigInt(manyBytes), 0n);
  await settle();
  assert.deepEqual(client.kinds(), ['ready', 'stdout']);
});

test('without a place for sockets the session goes through likerd', async () => {
  const made = newProcess({ offers: false });
  const { client } = await offered(made);
  assert.deepEqual(client.kinds(), ['ready', 'stdout']);
});

test('a client that leaves while the shim takes it is not left connected there', async () => {
  const made = newProcess();
  const { session } = await offered(made);
  made.connect();
  await settle();
  session.lost();
  made.answer(session.id, true);
  await settle();
  assert.deepEqual(made.calls.slice(1), [
    'open 3 0',
    'close',
    'limit 1 none',
    'limit 2 none',
    'lost',
    'close',
  ]);
});

test('a client that is still connected resumes without a replay', () => {
  const { process, calls } = newProcess();
  process.started(started);
  const client = new DirectClient(true);
  const resume = { sessionId: '00000000000000ff', stdoutOffset: 7, stderrOffset: 0, direct: true };
  process.attach(client, { ...attachOptions, resume });
  const ready = client.frames[0];
  assert.ok(ready?.kind === 'ready' && ready.direct);
  assert.ok(!calls.some((call) => call.startsWith('snapshot')), calls.join());
});

test('beside a client here, output comes here, too', async () => {
  const made = newProcess();
  const { process, calls, answer, connect } = made;
  const { session } = await offered(made);
  connect();
  await settle();
  answer(session.id, true);
  await settle();
  const before = calls.length;
  const other = process.attach(new FakeClient(true), attachOptions);
  assert.deepEqual(calls.slice(before), ['hear true true', 'snapshot 1']);
  other.lost();
  assert.equal(calls.at(-1), 'hear false false');
});
