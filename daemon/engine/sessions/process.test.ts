import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noBound, windowBytes } from '../../../common/shim/protocol.ts';
import { ringBytes } from '../../../common/sizes.ts';
import type { ShimProcessState } from '../../kernel/process/reports.ts';
import type { Shim } from '../../kernel/process/shim.ts';
import { FakeClient } from '../../test/fake-client.ts';
import type { ProcessSpec } from '../process/spec.ts';
import type { AttachOptions } from './frames.ts';
import { ContainerProcess } from './process.ts';

/** Records what the process tells its shim. */
class FakeShim {
  readonly calls: string[] = [];
  limit(_process: number, stream: number, offset: bigint): void {
    this.calls.push(`limit ${stream} ${offset === noBound ? 'none' : offset}`);
  }
  stdin(_process: number, _session: bigint, offset: number, bytes: Buffer): void {
    this.calls.push(`stdin ${offset} ${bytes.length}`);
  }
  closeStdin(): void {
    this.calls.push('close-stdin');
  }
  /** As a shim of an earlier version: a gap would cost the connection. */
  refusesStdin = false;
  snapshot(_process: number, request: number, stdout: bigint): void {
    this.calls.push(`snapshot ${request} ${stdout === noBound ? 'nothing' : stdout}`);
  }
  askStdinOffset(): void {
    this.calls.push('ask-stdin');
  }
  resize(): void {}
  signal(_process: number, signal: number, scope: string): void {
    this.calls.push(`signal ${signal} ${scope}`);
  }
}

const exit = {
  code: 0,
  signal: 0,
  coreDumped: false,
  oomKilled: false,
  startedAt: 1,
  exitedAt: 2,
  startError: '',
  outputCut: false,
};

function newProcess(tty = false) {
  const shim = new FakeShim();
  const lost: string[] = [];
  const process = new ContainerProcess(
    {
      containerId: 'c',
      containerName: () => 'name',
      processId: 'main',
      number: 0,
      spec: { tty, openStdin: true } as ProcessSpec,
      onDisconnect: 'kill',
    },
    shim as unknown as Shim,
    {
      clientLost: () => lost.push('lost'),
      attached: () => {},
      detached: (_process, { initiator }) => lost.push(initiator ? 'left' : 'looked on'),
    },
  );
  return { shim, process, lost };
}

const started = { pid: 5, startTime: '9', startedAtNs: 1_000_000n };
const attachOptions = { processId: 'main', readOnly: false, replay: true, resume: null, terminalSize: null };

test('output that arrives before the start is confirmed waits for the ready frame', () => {
  const { process } = newProcess();
  const client = new FakeClient(true);
  process.initiate(client);
  process.clients.output(1, 0n, Buffer.from('early'));
  assert.deepEqual(client.frames, []);
  process.started(started);
  assert.deepEqual(client.kinds(), ['ready', 'stdout']);
  process.ended(exit);
  assert.deepEqual(client.kinds(), ['ready', 'stdout', 'exit']);
  assert.equal(client.ended, true);
});

test('the shim may read as far ahead of the slowest client as the ring holds', () => {
  const { process, shim } = newProcess();
  const client = new FakeClient(false);
  process.initiate(client);
  process.started(started);
  process.clients.output(1, 0n, Buffer.alloc(100_000));
  assert.deepEqual(shim.calls, []);
  client.takeAll();
  assert.deepEqual(shim.calls, [`limit 1 ${100_000 + windowBytes}`]);
});

test('without a client that reads, nothing limits the process', () => {
  const { process, shim } = newProcess();
  const session = process.initiate(new FakeClient(true));
  process.started(started);
  session.input({ kind: 'detach' }, () => {});
  assert.deepEqual(shim.calls, ['limit 1 none', 'limit 2 none']);
});

test('a read-only client that stops reading loses output, learns how much, and delays nobody', () => {
  const { process, shim } = newProcess();
  const slow = new FakeClient(false);
  process.attach(slow, { ...attachOptions, readOnly: true });
  process.clients.replayEnd(1, 0n, 0n);
  const chunk = Buffer.alloc(64 * 1024);
  const chunks = 40;
  for (let index = 0; index < chunks; index++) process.clients.output(1, BigInt(index * chunk.length), chunk);
  assert.ok(slow.bytes() <= 512 * 1024);
  slow.eager = true;
  slow.takeAll();
  process.clients.output(1, BigInt(chunks * chunk.length), Buffer.from('on'));
  const warning = slow.frames.find((frame) => frame.kind === 'warning');
  const skipped = Number(/^(\d+) bytes/.exec(warning?.kind === 'warning' ? warning.message : '')?.[1]);
  assert.equal(slow.bytes() + skipped, chunks * chunk.length + 2);
  assert.deepEqual(
    shim.calls.filter((call) => call.startsWith('limit')),
    [],
  );
});

test('a read-only client that keeps reading gets everything that the rings hold', () => {
  const { process } = newProcess();
  process.started(started);
  const client = new FakeClient(false);
  process.attach(client, { ...attachOptions, readOnly: true });
  const half = ringBytes / 2;
  for (const stream of [1, 2] as const)
    for (const offset of [0, half]) process.clients.replayData(1, stream, BigInt(offset), Buffer.alloc(half));
  process.clients.replayEnd(1, BigInt(ringBytes), BigInt(ringBytes));
  client.eager = true;
  client.takeAll();
  assert.equal(client.kinds().includes('warning'), false);
  assert.equal(client.text().length + client.text('stderr').length, 2 * ringBytes);
});

test('an attached client gets the replay, then live output, without gap or repetition', () => {
  const { process, shim } = newProcess(true);
  process.started(started);
  const client = new FakeClient(true);
  process.attach(client, attachOptions);
  assert.deepEqual(shim.calls, ['snapshot 1 0']);
  // Live output that the snapshot holds too.
  process.clients.output(1, 4n, Buffer.from('EFGH'));
  process.clients.replayData(1, 1, 2n, Buffer.from('CDEFGH'));
  process.clients.replayEnd(1, 8n, 0n);
  process.clients.output(1, 8n, Buffer.from('IJ'));
  assert.equal(client.text(), 'CDEFGHIJ');
  const ready = client.frames[0];
  assert.equal(ready?.kind === 'ready' && ready.stdoutOffset, 2);
});

test('a resumed session learns how much of its stdin was taken, and gets the output that it has not seen', () => {
  const { process, shim } = newProcess();
  process.started(started);
  const client = new FakeClient(true);
  const resume = { sessionId: '00000000000000ff', stdoutOffset: 3, stderrOffset: 0 };
  process.attach(client, { ...attachOptions, resume });
  assert.deepEqual(shim.calls, ['ask-stdin', 'snapshot 1 3']);
  process.stdinAck(0xffn, 7n);
  process.clients.replayData(1, 1, 3n, Buffer.from('rest'));
  process.clients.replayEnd(1, 7n, 0n);
  const ready = client.frames[0];
  assert.ok(ready?.kind === 'ready');
  assert.deepEqual([ready.sessionId, ready.stdinOffset, ready.stdoutOffset], ['00000000000000ff', 7, 3]);
  assert.equal(client.text(), 'rest');
});

test('stdin beyond what the shim holds waits in order, and the end of stdin comes last', () => {
  const { process, shim } = newProcess();
  const session = process.initiate(new FakeClient(true));
  process.started(started);
  let resumed = 0;
  const send = (offset: number, length: number) =>
    session.input({ kind: 'stdin', offset, data: Buffer.alloc(length) }, () => resumed++);
  assert.equal(send(0, 800_000), true);
  assert.equal(send(800_000, 800_000), false);
  session.input({ kind: 'close-stdin' }, () => resumed++);
  assert.deepEqual(shim.calls, ['stdin 0 800000']);
  process.stdinAck(BigInt(`0x${session.id}`), 800_000n);
  assert.deepEqual(shim.calls, ['stdin 0 800000', 'stdin 800000 800000', 'close-stdin']);
  assert.equal(resumed, 1);
});

/** A process whose client has left with 800,000 bytes on their way that the process has not taken. */
function leftWithFullWindow() {
  const made = newProcess();
  const session = made.process.initiate(new FakeClient(true));
  made.process.started(started);
  session.input({ kind: 'stdin', offset: 0, data: Buffer.alloc(800_000) }, () => {});
  session.lost();
  made.shim.calls.length = 0;
  const attach = (resume: AttachOptions['resume']) => {
    const session = made.process.attach(new FakeClient(true), { ...attachOptions, resume });
    const send = (offset: number, length: number) =>
      session.input({ kind: 'stdin', offset, data: Buffer.alloc(length) }, () => {});
    const sent = () => made.shim.calls.filter((call) => call.startsWith('stdin'));
    return { session, send, sent };
  };
  return { ...made, id: session.id, number: BigInt(`0x${session.id}`), attach };
}

test('stdin that a client has left in the shim delays the stdin of others until the process has taken it', () => {
  const { process, number, attach } = leftWithFullWindow();
  const { send, sent } = attach(null);
  process.clients.replayEnd(1, 0n, 0n);
  assert.equal(send(0, 800_000), false);
  process.stdinAck(number, 300_000n);
  assert.deepEqual(sent(), []);
  process.stdinAck(number, 600_000n);
  assert.deepEqual(sent(), ['stdin 0 800000']);
});

test('stdin of the last client is taken after all earlier stdin', () => {
  const { process, attach } = leftWithFullWindow();
  const { send, session } = attach(null);
  process.clients.replayEnd(1, 0n, 0n);
  assert.equal(send(0, 1), true);
  // The shim knows a few clients only: of one that left long ago it tells no more.
  process.stdinAck(BigInt(`0x${session.id}`), 1n);
  assert.equal(send(1, 800_000), true);
});

test('stdin that a resumed client sends again counts once', () => {
  const { process, id, number, attach } = leftWithFullWindow();
  const { send, sent } = attach({ sessionId: id, stdoutOffset: 0, stderrOffset: 0 });
  process.stdinAck(number, 300_000n);
  process.clients.replayEnd(1, 0n, 0n);
  assert.equal(send(300_000, 500_000), true);
  assert.equal(send(800_000, 500_000), true);
  process.stdinAck(number, 1_300_000n);
  assert.equal(send(1_300_000, 1024 * 1024), true);
  assert.deepEqual(sent(), ['stdin 300000 500000', 'stdin 800000 500000', 'stdin 1300000 1048576']);
});

test('a chunk without an offset follows the one before, and a wrong offset never reaches the shim', () => {
  for (const wrong of [1, 4, 7, 2 ** 50]) {
    const { process, shim, lost } = newProcess();
    const client = new FakeClient(true);
    const session = process.initiate(client);
    process.started(started);
    const send = (offset: number) =>
      session.input({ kind: 'stdin', offset, data: Buffer.from('abc') }, () => {});
    send(0);
    send(0);
    assert.deepEqual(shim.calls, ['stdin 0 3', 'stdin 3 3']);
    send(wrong);
    assert.deepEqual(shim.calls.filter((call) => call.startsWith('stdin')).length, 2, `${wrong}`);
    assert.deepEqual([client.error?.reason, client.error?.metadata['expected']], ['BAD_ARGUMENT', '6']);
    assert.deepEqual(lost, ['lost'], 'as if the client had vanished');
  }
});

test("a resumed client may start at or before the shim's offset, but not after a gap", () => {
  const resumeAt = (told: bigint, offset: number, refusesStdin: boolean) => {
    const { process, shim } = newProcess();
    shim.refusesStdin = refusesStdin;
    process.started(started);
    const client = new FakeClient(true);
    const resume = { sessionId: '00000000000000ff', stdoutOffset: 0, stderrOffset: 0 };
    const session = process.attach(client, { ...attachOptions, resume });
    // It waits until it is known where the session stands.
    session.input({ kind: 'stdin', offset, data: Buffer.from('abc') }, () => {});
    assert.deepEqual(shim.calls, ['ask-stdin', 'snapshot 1 0']);
    process.stdinAck(0xffn, told);
    process.clients.replayEnd(1, 0n, 0n);
    return { process, client, sent: shim.calls.filter((call) => call.startsWith('stdin')) };
  };
  assert.deepEqual(resumeAt(7n, 0, false).sent, ['stdin 7 3']);
  assert.deepEqual(resumeAt(7n, 7, false).sent, ['stdin 7 3']);
  assert.deepEqual(resumeAt(7n, 5, false).sent, ['stdin 5 3']);
  assert.deepEqual(resumeAt(7n, 8, true).sent, []);
  // It has closed its stdin, and takes nothing, wherever it begins.
  assert.deepEqual(resumeAt(noBound, 500, false).sent, ['stdin 500 3']);
  // A shim that has had many clients knows nothing of this one; what would be a gap it refuses, or is not sent.
  assert.equal(resumeAt(0n, 500, false).client.error?.reason, 'BAD_ARGUMENT');
  const again = resumeAt(0n, 500, true);
  assert.deepEqual(again.sent, ['stdin 500 3']);
  again.process.stdinRefused(0xffn, 3n);
  assert.equal(again.client.error?.metadata['expected'], '3');
});

test('replays are requested a few at a time', () => {
  const { process, shim } = newProcess();
  process.started(started);
  const clients = Array.from({ length: 9 }, () => new FakeClient(true));
  for (const client of clients) process.attach(client, attachOptions);
  const asked = () => shim.calls.filter((call) => call.startsWith('snapshot')).length;
  assert.equal(asked(), 4);
  for (let request = 1; request <= 9; request++) {
    process.clients.replayEnd(request, 0n, 0n);
    assert.equal(asked(), Math.min(9, 4 + request));
  }
  assert.ok(clients.every((client) => client.kinds().includes('ready')));
});

test('a process that has closed its stdin delays nobody', () => {
  const { process, attach } = leftWithFullWindow();
  const { send, sent } = attach(null);
  process.clients.replayEnd(1, 0n, 0n);
  assert.equal(send(0, 800_000), false);
  // It is told to those alone that the shim still knows.
  process.stdinAck(0xffn, noBound);
  assert.deepEqual(sent(), ['stdin 0 800000']);
});

test('the container learns of a client that disconnects, but not of one that detaches', () => {
  const { process, lost } = newProcess();
  const first = process.initiate(new FakeClient(true));
  process.started(started);
  first.lost();
  first.lost();
  assert.deepEqual(lost, ['lost']);
  const second = newProcess();
  const client = new FakeClient(true);
  const session = second.process.initiate(client);
  second.process.started(started);
  session.input({ kind: 'detach' }, () => {});
  session.lost();
  assert.deepEqual(second.lost, ['left']);
  assert.deepEqual(client.kinds(), ['ready', 'detached']);
  assert.equal(second.process.onDisconnect, 'keep');
});

test('clients of an earlier daemon return one by one: nothing overtakes the last of them', async () => {
  const { process, shim } = newProcess();
  const told = Promise.withResolvers<void>();
  const { limit } = shim;
  shim.limit = (...values) => {
    limit.apply(shim, values);
    told.resolve();
  };
  const state = { ...started, stdout: 1000n, stderr: 0n, stdoutLimit: 2000n, stderrLimit: noBound };
  process.adopt(state as ShimProcessState, { graceMs: 60_000, attended: false });
  const back = (sessionId: string, stdoutOffset: number) => {
    const resume = { sessionId, stdoutOffset, stderrOffset: 0 };
    process.attach(new FakeClient(sessionId === '1'.repeat(16)), { ...attachOptions, resume });
  };
  back('1'.repeat(16), 1000);
  process.clients.replayEnd(1, 1000n, 0n);
  back('2'.repeat(16), 400);
  process.clients.replayData(2, 1, 400n, Buffer.alloc(600));
  process.clients.replayEnd(2, 1000n, 0n);
  await told.promise;
  assert.equal(
    shim.calls.find((call) => call.startsWith('limit')),
    `limit 1 ${400 + windowBytes}`,
  );
});

test('a client that only watches does not become the owner of the process when it returns', () => {
  const comesBack = (sessionId: string) => {
    const { process, lost } = newProcess();
    process.started(started);
    const resume = { sessionId, stdoutOffset: 0, stderrOffset: 0 };
    process.attach(new FakeClient(true), { ...attachOptions, resume }).lost();
    return lost;
  };
  const { process } = newProcess();
  const initiator = process.initiate(new FakeClient(true));
  process.started(started);
  const onlooker = process.attach(new FakeClient(true), attachOptions);
  assert.deepEqual(comesBack(onlooker.id), []);
  assert.deepEqual(comesBack(initiator.id), ['lost']);
});

test('a read-only session refuses input', () => {
  const { process } = newProcess();
  process.started(started);
  const session = process.attach(new FakeClient(true), { ...attachOptions, readOnly: true });
  assert.throws(() => session.input({ kind: 'stdin', offset: 0, data: Buffer.from('x') }, () => {}), {
    reason: 'BAD_ARGUMENT',
  });
});

test('T27: a client that stops reading beside another is not waited for', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const { process, shim } = newProcess();
  const stopped = new FakeClient(false);
  process.initiate(stopped);
  process.started(started);
  const reader = new FakeClient(true);
  process.attach(reader, attachOptions);
  process.clients.replayEnd(1, 0n, 0n);
  process.clients.output(1, 0n, Buffer.alloc(windowBytes));
  process.clients.output(1, BigInt(windowBytes), Buffer.alloc(1));
  shim.calls.length = 0;
  const now = performance.now();
  t.mock.method(performance, 'now', () => now + 1500);
  t.mock.timers.tick(1500);
  assert.ok(shim.calls.some((call) => call.startsWith('limit 1') && call !== `limit 1 ${windowBytes}`));
  assert.equal(reader.bytes(), windowBytes + 1);
});

test('an exit waits for a replay that was promised to a client', async () => {
  const { process } = newProcess();
  process.started(started);
  const client = new FakeClient(true);
  process.attach(client, attachOptions);
  let drained = false;
  const end = process.clients.drained(60_000, {}).then(() => {
    drained = true;
  });
  await new Promise(setImmediate);
  assert.equal(drained, false);
  process.clients.replayData(1, 1, 0n, Buffer.from('all'));
  process.clients.replayEnd(1, 3n, 0n);
  await end;
  process.ended(exit);
  assert.deepEqual(client.kinds(), ['ready', 'stdout', 'exit']);
});

test('an exit waits until a client confirms all output, if it is one that confirms', async () => {
  const { process } = newProcess();
  process.started(started);
  const [confirming, another] = [new FakeClient(true), new FakeClient(true)];
  confirming.confirms = true;
  const session = process.attach(confirming, attachOptions);
  process.attach(another, attachOptions);
  process.clients.output(1, 0n, Buffer.from('all'));
  let drained = false;
  const end = process.clients.drained(60_000, {}).then(() => {
    drained = true;
  });
  // It is asked after what it is replayed.
  for (const request of [1, 2]) {
    process.clients.replayData(request, 1, 0n, Buffer.from('all'));
    process.clients.replayEnd(request, 3n, 0n);
  }
  await new Promise(setImmediate);
  assert.deepEqual(confirming.kinds(), ['ready', 'stdout', 'output-end']);
  assert.deepEqual(another.kinds(), ['ready', 'stdout']);
  assert.equal(drained, false);
  session.input({ kind: 'output-taken' }, () => {});
  await end;
  process.ended(exit);
  assert.deepEqual(confirming.kinds(), ['ready', 'stdout', 'output-end', 'exit']);
});

test('T27: beside other clients, a stopped client is not waited for', {
  timeout: 20_000,
}, async (t) => {
  const { process } = newProcess();
  process.started(started);
  for (const confirms of [true, false]) {
    const client = new FakeClient(true);
    client.confirms = confirms;
    process.attach(client, attachOptions);
  }
  for (const request of [1, 2]) process.clients.replayEnd(request, 0n, 0n);
  process.clients.output(1, 0n, Buffer.from('all'));
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const end = process.clients.drained(60_000, {});
  const now = performance.now();
  t.mock.method(performance, 'now', () => now + 1500);
  t.mock.timers.tick(1500);
  await end;
});

test('without output there is nothing to confirm', async () => {
  const { process } = newProcess();
  const client = new FakeClient(true);
  client.confirms = true;
  process.initiate(client);
  process.started(started);
  await process.clients.drained(60_000, {});
  assert.deepEqual(client.kinds(), ['ready']);
});

test('a client whose replay cannot arrive any more still gets the exit', () => {
  const { process } = newProcess();
  process.started(started);
  const client = new FakeClient(true);
  process.attach(client, attachOptions);
  process.shim = null;
  process.ended(exit);
  assert.deepEqual(client.kinds(), ['exit']);
});
