import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { type FakeSession, runServer } from '../test/fake-server.ts';
import { TerminalLikerctl } from '../test/likerctl.ts';

const patience = { timeout: 30_000 };
const doubleKey = '\x1d\x1d';

/** A terminal session that shows each byte of input in hexadecimal; q ends it with 7. */
async function echo(session: FakeSession): Promise<void> {
  let offset = 0;
  const show = async (text: string): Promise<void> => {
    await session.send({ stdout: { offset, data: Buffer.from(text) } });
    offset += Buffer.byteLength(text);
  };
  await session.next();
  await session.ready({ tty: true });
  await show('[up]');
  for (let input = await session.nextInput(); input !== undefined; input = await session.nextInput()) {
    if (input.frame === 'detach') {
      await session.send({ detached: {} });
      session.end();
      return;
    }
    if (input.resize) await show(`[${input.resize.columns}x${input.resize.rows}]`);
    if (input.stdin?.data.includes('q')) return session.exit(7);
    if (input.stdin) await show(`[${input.stdin.data.toString('hex')}]`);
  }
}

/** Settings of the terminal that a process has as its stdin. */
function termios(pid: number): string {
  return execFileSync('stty', ['-a', '-F', readlinkSync(`/proc/${pid}/fd/0`)], { encoding: 'utf8' });
}

test('keys are sent as bytes and resizes as frames, and output is not changed', patience, async () => {
  await using server = await runServer(echo);
  const client = new TerminalLikerctl(server.socketPath, ['run', '-it', '/', 'bash']);
  await client.sees('[up]');
  assert.match(termios(client.pty.pid), /-icanon/);
  assert.match(termios(client.pty.pid), /-opost/);
  client.pty.write('\x03\x1a\r');
  await client.sees('[031a0d]');
  client.pty.resize(132, 43);
  await client.sees('[132x43]');
  client.pty.write('q');
  assert.equal(await client.ended, 7);
});

test('the first frame has the size of the terminal', patience, async () => {
  const sizes: unknown[] = [];
  await using server = await runServer(async (session) => {
    const start = (await session.next())?.start as { spec: { process: { terminalSize: unknown } } };
    sizes.push(start.spec.process.terminalSize);
    await session.ready({ tty: true });
    await session.exit(0);
  });
  await new TerminalLikerctl(server.socketPath, ['run', '-it', '/', 'bash']).ended;
  assert.deepEqual(sizes, [{ columns: 100, rows: 30, xPixels: 0, yPixels: 0 }]);
});

test('a resize during the start reaches the container', patience, async () => {
  const opened = Promise.withResolvers<FakeSession>();
  const resized = Promise.withResolvers<void>();
  let size: unknown;
  await using server = await runServer(async (session) => {
    await session.next();
    opened.resolve(session);
    await resized.promise;
    await session.ready({ tty: true });
    size = (await session.nextInput())?.resize;
    await session.exit(0);
  });
  const client = new TerminalLikerctl(server.socketPath, ['run', '-it', '/', 'bash']);
  const session = await opened.promise;
  client.pty.resize(132, 43);
  // What it shows of a frame sent later: by then it knows of the resize.
  await session.send({ warning: { reason: 'LATER', message: 'later' } });
  await client.sees('later');
  resized.resolve();
  await client.ended;
  assert.deepEqual(size, { columns: 132, rows: 43, xPixels: 0, yPixels: 0 });
});

test('the detach keys end the session with 0', patience, async () => {
  await using server = await runServer(echo);
  const client = new TerminalLikerctl(server.socketPath, ['run', '-it', '/', 'bash']);
  await client.sees('[up]');
  client.pty.write(doubleKey);
  assert.equal(await client.ended, 0);
  assert.match(client.output, /detached; the process continues\r\n$/);
});

test('a single press of the prefix is sent after a short time, or with the next key', patience, async () => {
  await using server = await runServer(echo);
  const client = new TerminalLikerctl(server.socketPath, ['run', '-it', '/', 'bash']);
  await client.sees('[up]');
  client.pty.write('\x1d');
  await client.sees('[1d]');
  client.pty.write('\x1dx');
  await client.sees('[1d78]');
  client.pty.write('q');
  assert.equal(await client.ended, 7);
});

test('empty detach keys switch detaching off', patience, async () => {
  await using server = await runServer(echo);
  const client = new TerminalLikerctl(server.socketPath, ['run', '-it', '--detach-keys', '', '/', 'bash']);
  await client.sees('[up]');
  client.pty.write(doubleKey);
  await client.sees('[1d1d]');
  client.pty.write('q');
  assert.equal(await client.ended, 7);
});

for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const) {
  const number = { SIGTERM: 15, SIGHUP: 1, SIGINT: 2, SIGQUIT: 3 }[signal];
  test(`${signal} restores the terminal and ends the client`, patience, async () => {
    await using server = await runServer(echo);
    const client = new TerminalLikerctl(server.socketPath, ['run', '-it', '/', 'bash']);
    await client.sees('[up]');
    process.kill(client.pty.pid, signal);
    assert.equal(await client.ended, 128 + number);
    assert.ok(client.output.includes('\x1b[?2004l'), 'bracketed paste is switched off');
    assert.ok(client.output.endsWith('\x1b[?25h'), 'the cursor is shown');
  });
}

for (const flags of ['-it', '-i']) {
  test(`${flags}: closing the terminal is SIGHUP, not the end of the input`, patience, async () => {
    const frames: unknown[] = [];
    await using server = await runServer(async (session) => {
      await session.next();
      await session.ready({ tty: flags === '-it' });
      await session.send({ stdout: { offset: 0, data: Buffer.from('[up]') } });
      for (let input = await session.nextInput(); input !== undefined; input = await session.nextInput()) {
        frames.push(input.signal?.signal ?? input.frame);
        if (input.signal) return session.exit(129);
      }
    });
    const client = new TerminalLikerctl(server.socketPath, ['run', flags, '/', 'bash']);
    await client.sees('[up]');
    client.close();
    await client.ended;
    assert.deepEqual(frames, flags === '-it' ? [] : ['SIGHUP']);
  });
}

test('an engine error is one line on a restored terminal', patience, async () => {
  await using server = await runServer(async (session) => {
    session.fail('INTERNAL', 'Cannot mount /proc', { reason: 'SYSCALL' });
  });
  const client = new TerminalLikerctl(server.socketPath, ['run', '-it', '/', 'bash']);
  assert.equal(await client.ended, 125);
  assert.ok(client.output.endsWith('likerctl: Cannot mount /proc\r\n'), JSON.stringify(client.output));
});

test('what is typed while likerd is away is not lost', patience, async () => {
  await using server = await runServer(echo);
  const client = new TerminalLikerctl(server.socketPath, ['run', '-it', '/', 'bash']);
  await client.sees('[up]');
  server.kill();
  await client.sees('lost likerd; waiting for it to come back (ctrl-c to give up)\r\n');
  client.pty.write('ls\r');
  await server.listen({ attach: echo });
  await client.sees('reconnected\r\n');
  await client.sees('[6c730d]');
  client.pty.write('q');
  assert.equal(await client.ended, 7);
});

test('Ctrl-C gives up while likerd is away', patience, async () => {
  await using server = await runServer(echo);
  const client = new TerminalLikerctl(server.socketPath, ['run', '-it', '/', 'bash']);
  await client.sees('[up]');
  server.kill();
  await client.sees('lost likerd');
  client.pty.write('\x03');
  assert.equal(await client.ended, 130);
});
