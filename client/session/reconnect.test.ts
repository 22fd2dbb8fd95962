import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeServer, runServer } from '../test/fake-server.ts';
import { likerctl, PipedLikerctl } from '../test/likerctl.ts';

const patience = { timeout: 30_000 };

test(
  'after a lost connection the session resumes: nothing twice, nothing missing, unacknowledged stdin sent again',
  patience,
  async () => {
    await using server = await runServer(async (session) => {
      await session.next();
      await session.ready();
      await session.send({ stdout: { offset: 0, data: Buffer.from('one two ') } });
      await session.readStdin(6);
      await session.send({ stdinAck: { offset: 2 } });
      await session.send({ stdout: { offset: 8, data: Buffer.from('three ') } });
    });
    const client = new PipedLikerctl(server.socketPath, ['run', '-i', '/', 'x']);
    client.child.stdin.write('abcdef');
    await client.sees('three ');
    server.kill();
    let resume: unknown;
    let again = '';
    const away = `still nothing listens at unix://${server.socketPath}; start likerd with 'npm start'`;
    await client.sees(away, 'stderr');
    await server.listen({
      async attach(session) {
        const start = (await session.next())?.start as { resume?: unknown } | undefined;
        resume = start?.resume;
        await session.ready({ stdoutOffset: 8, stdinOffset: 3 });
        const first = (await session.nextInput())?.stdin;
        again = `${first?.offset}:${first?.data.toString()}`;
        await session.send({ stdout: { offset: 8, data: Buffer.from('three four') } });
        await session.exit(9);
      },
    });
    const { code, stdout, stderr } = await client.outcome();
    assert.equal(code, 9);
    assert.equal(stdout, 'one two three four');
    assert.equal(again, '3:def');
    assert.deepEqual(resume, { sessionId: 's1', stdoutOffset: 14, stderrOffset: 0, direct: false });
    assert.deepEqual(stderr.split('\n'), [
      'likerctl: lost likerd; waiting for it to come back (ctrl-c to give up)',
      `likerctl: ${away}`,
      'likerctl: reconnected',
      '',
    ]);
  },
);

test('output that never arrived is reported as lost, counted by the exit status', patience, async () => {
  await using server = await runServer(async (session) => {
    await session.ready();
    await session.send({ stdout: { offset: 0, data: Buffer.from('one') } });
    await session.send({ outputEnd: {} });
    while ((await session.nextInput())?.frame !== 'outputTaken');
    await session.send({ exit: { code: 4, stdoutBytes: 103, stderrBytes: 5 } });
    session.end();
  });
  const { code, stdout, stderr } = await likerctl(server.socketPath, 'run', '/', 'x');
  assert.deepEqual([code, stdout], [4, 'one']);
  assert.match(stderr, /^likerctl: 105 bytes of output are lost: /);
});

test('output that exceeded the ring is reported as lost', patience, async () => {
  await using server = await runServer(async (session) => {
    await session.ready();
    await session.send({ stdout: { offset: 0, data: Buffer.from('one') } });
  });
  const client = new PipedLikerctl(server.socketPath, ['run', '/', 'x']);
  await client.sees('one');
  server.kill();
  await server.listen({
    async attach(session) {
      await session.ready({ stdoutOffset: 103 });
      await session.send({ stdout: { offset: 103, data: Buffer.from(' two') } });
      await session.exit(0);
    },
  });
  const { stdout, stderr } = await client.outcome();
  assert.equal(stdout, 'one two');
  assert.match(stderr, /100 bytes of output are lost/);
});

test('if the process ended while likerd was away, its exit status is requested', patience, async () => {
  await using server = await runServer(async (session) => {
    await session.ready();
    await session.send({ stdout: { offset: 0, data: Buffer.from('one') } });
  });
  const client = new PipedLikerctl(server.socketPath, ['run', '/', 'x']);
  await client.sees('one');
  server.kill();
  await server.listen({
    async attach(session) {
      session.fail('FAILED_PRECONDITION', 'Cannot attach: it has ended', { reason: 'WRONG_STATE' });
    },
    unary: {
      ListProcesses: () => ({ processes: [{ processId: 'main', exit: { code: 42 } }] }),
    },
  });
  assert.equal((await client.outcome()).code, 42);
});

test('a second loss right after the first is survived too', patience, async () => {
  await using server = await runServer(async (session) => {
    await session.ready();
    await session.send({ stdout: { offset: 0, data: Buffer.from('1') } });
  });
  const client = new PipedLikerctl(server.socketPath, ['run', '/', 'x']);
  await client.sees('1');
  server.kill();
  const attached = Promise.withResolvers<void>();
  await server.listen({
    async attach(session) {
      await session.ready({ stdoutOffset: 1 });
      await session.send({ stdout: { offset: 1, data: Buffer.from('2') } });
      attached.resolve();
    },
  });
  await attached.promise;
  server.kill();
  await server.listen({
    async attach(session) {
      const start = (await session.next())?.start as { resume: { stdoutOffset: number } };
      const { stdoutOffset } = start.resume;
      await session.ready({ stdoutOffset });
      await session.send({ stdout: { offset: stdoutOffset, data: Buffer.from('123'.slice(stdoutOffset)) } });
      await session.exit(0);
    },
  });
  const { code, stdout } = await client.outcome();
  assert.deepEqual([code, stdout], [0, '123']);
});

test(
  'without a daemon, one line says how to start it; run exits with 125, other commands with 1',
  patience,
  async () => {
    await using server = new FakeServer();
    const run = await likerctl(server.socketPath, 'run', '/', 'x');
    const text = `likerctl: Cannot reach likerd at unix://${server.socketPath}: no daemon is listening there; start it with 'npm start'\n`;
    assert.deepEqual(run, { code: 125, signal: null, stdout: '', stderr: text });
    assert.deepEqual(await likerctl(server.socketPath, 'ps'), {
      code: 1,
      signal: null,
      stdout: '',
      stderr: text,
    });
  },
);
