// likerctl in C (native/src/likerctl) beside the TypeScript client: the same lines, against the same server.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { until } from '../test/harness/until.ts';
import { FakeServer, type FakeSession, serviceError } from './test/fake-server.ts';
import { type Outcome, PipedLikerctl, type Program, TerminalLikerctl } from './test/likerctl.ts';

const patience = { timeout: 20_000 };
const folder = mkdtempSync(join(tmpdir(), 'liker-front-'));
const whole: Program = [join(import.meta.dirname, '../native/build/likerctl')];
/** Of a place from where it finds no TypeScript client: what it leaves fails. */
const alone: Program = [join(folder, 'native/build/likerctl')];

mkdirSync(join(alone[0], '..'), { recursive: true });
copyFileSync(whole[0], alone[0]);
after(() => rmSync(folder, { recursive: true }));

type Environment = Readonly<Record<string, string>>;
type Start = Readonly<Record<string, unknown>> | undefined;

/** How a line ended, and the first frames that it has sent. */
interface Ran extends Partial<Outcome> {
  readonly starts: readonly Start[];
}

/** Runs a client with a server that answers each session with some output and an exit code. */
async function withServer(act: (socketPath: string) => Promise<Partial<Outcome>>): Promise<Ran> {
  const starts: Start[] = [];
  const answer = async (session: FakeSession): Promise<void> => {
    starts.push((await session.next())?.start as Start);
    await session.ready();
    await session.send({ stdout: { offset: 0, data: Buffer.from('out') } });
    await session.send({ stderr: { offset: 0, data: Buffer.from('err') } });
    await session.exit(7);
  };
  await using server = new FakeServer();
  await server.listen({
    run: answer,
    exec: answer,
    unary: { GetImage: () => ({ image: { platform: 'linux/amd64' } }) },
  });
  return { ...(await act(server.socketPath)), starts };
}

function piped(
  args: readonly string[],
  { program, env = {} }: { program?: Program; env?: Environment } = {},
): Promise<Ran> {
  return withServer((socketPath) => {
    const client = new PipedLikerctl(socketPath, args, { program, env });
    return client.outcome();
  });
}

function onTerminal(args: readonly string[], program?: Program): Promise<Ran> {
  return withServer(async (socketPath) => {
    const client = new TerminalLikerctl(socketPath, args, {}, program);
    return { code: await client.ended, stdout: client.output };
  });
}

/** Without the ids of requests, which must be of the same form. */
function withoutIds({ starts, ...outcome }: Ran): object {
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  for (const start of starts) assert.match(String(start?.['requestId']), uuid);
  return { ...outcome, starts: starts.map((start) => ({ ...start, requestId: '' })) };
}

const known = [
  'run debian',
  'run --rm / true',
  'run -i --name a -e A=b -v /a:/b:ro -m 64m --cpus 1.5 -l x=y debian:12 ls -la --rm',
  'exec web ls',
  'exec -i -e A=b -u root -w /tmp --privileged web sh -c exit',
];

for (const line of known)
  test(`${line}: both send the same, and end in the same way`, patience, async () => {
    const args = line.split(' ');
    const ran = await piped(args, { program: alone });
    assert.deepEqual([ran.code, ran.stdout, ran.stderr], [7, 'out', 'err']);
    assert.deepEqual(withoutIds(ran), withoutIds(await piped(args)));
  });

for (const line of ['run -it --rm / bash', 'exec -it web bash', 'run -t debian'])
  test(`${line}, on a terminal: likewise, with its size`, patience, async () => {
    const args = line.split(' ');
    const ran = await onTerminal(args, alone);
    assert.deepEqual([ran.code, ran.stdout], [7, 'outerr']);
    assert.deepEqual(withoutIds(ran), withoutIds(await onTerminal(args)));
  });

/** Lines, with the environment that each has, that only the TypeScript client runs. */
const left: readonly (readonly [line: string, env?: Environment])[] = [
  ['run --help'],
  ['run --nope / true'],
  ['run -it / true'],
  ['run --memory lots / true'],
  ['exec web'],
  ['run --dns-search=a --dns-search= / true'],
  ['run --init=false / true'],
  ['run / true', { LIKER_WIRE: 'grpc' }],
  ['run / true', { LIKER_WIRE: 'none' }],
  ['run / true', { LIKER_BYTES: 'likerd' }],
  ['run / true', { LIKER_BYTES: 'none' }],
  ['run / true', { LIKER_DETACH_KEYS: 'none' }],
  ['run / true', { LIKER_RUNTIME: 'node' }],
  ['--version run / true'],
];

for (const [line, env = {}] of left)
  test(
    `${Object.entries(env).join(' ')} ${line}: is left to the TypeScript client, with the same end`,
    patience,
    async () => {
      const args = line.split(' ');
      const ran = await piped(args, { program: whole, env });
      assert.deepEqual(withoutIds(ran), withoutIds(await piped(args, { env })));
      assert.match(
        (await piped(args, { program: alone, env })).stderr ?? '',
        /^likerctl: Cannot find .*\/dist/,
      );
    },
  );

test(
  'what comes in the middle goes on in the TypeScript client, without a byte lost or shown twice',
  patience,
  async () => {
    await using server = new FakeServer();
    await server.listen({
      async run(session) {
        const send = (offset: number, text: string) =>
          session.send({ stdout: { offset: 100 + offset, data: Buffer.from(text) } });
        await session.next();
        await session.ready({ stdoutOffset: 100 });
        await send(0, 'one ');
        await session.send({ warning: { message: 'look here' } });
        await send(4, 'two ');
        while ((await session.nextInput())?.signal === undefined);
        await send(4, 'two three');
        await session.exit(7);
      },
    });
    const client = new PipedLikerctl(server.socketPath, ['run', '/', 'true'], { program: whole });
    await client.sees('two ');
    client.child.kill('SIGTERM');
    const { code, stdout, stderr } = await client.outcome();
    assert.deepEqual([code, stdout, stderr], [7, 'one two three', 'likerctl: look here\n']);
  },
);

test('a signal that comes as likerctl becomes another program is handled by that', patience, async () => {
  await using server = new FakeServer();
  const seen: unknown[] = [];
  await server.listen({
    async run(session) {
      await session.next();
      await session.ready();
      await session.send({ warning: { message: 'look here' } });
      seen.push((await session.nextInput())?.signal?.signal);
      await session.exit(7);
    },
  });
  for (let tries = 0; tries < 10; tries++) {
    const client = new PipedLikerctl(server.socketPath, ['run', '/', 'true'], { program: whole });
    while (!readlinkSync(`/proc/${client.child.pid}/exe`).endsWith('/node')) await setImmediate();
    client.child.kill('SIGTERM');
    const { code, stderr } = await client.outcome();
    assert.deepEqual([code, stderr, seen.pop()], [7, 'likerctl: look here\n', 'SIGTERM']);
  }
});

test('an image that is missing is pulled, and the call is made again', patience, async () => {
  const missing = () => serviceError('NOT_FOUND', "No such image: 'a/b'", { reason: 'IMAGE_NOT_FOUND' });
  const outcomes = [];
  for (const program of [whole, undefined]) {
    let pulled = 0;
    await using server = new FakeServer();
    await server.listen({
      async run(session) {
        await session.next();
        if (pulled === 0)
          return session.fail('NOT_FOUND', "No such image: 'a/b'", { reason: 'IMAGE_NOT_FOUND' });
        await session.ready();
        await session.exit(7);
      },
      unary: {
        GetImage() {
          throw missing();
        },
      },
      streams: {
        PullImage() {
          pulled += 1;
          return [{ done: { image: { id: 'd' }, changed: true, warnings: [] } }];
        },
      },
    });
    const client = new PipedLikerctl(server.socketPath, ['run', 'a/b', 'true'], { program });
    const { code, stderr } = await client.outcome();
    assert.match(stderr, /^Unable to find image 'a\/b:latest' locally\n/);
    outcomes.push({ code, stderr, pulled });
  }
  assert.deepEqual(outcomes[0], outcomes[1]);
  assert.deepEqual([outcomes[0]?.pulled, outcomes[0]?.code], [1, 7]);
});

test('what was read of stdin before an image was found to be missing is not lost', patience, async () => {
  await using server = new FakeServer();
  const input = Buffer.alloc(300 * 1024, 'line\n');
  const isRead = Promise.withResolvers<void>();
  let calls = 0;
  let received = '';
  await server.listen({
    async run(session) {
      await session.next();
      if (++calls === 1) {
        await isRead.promise;
        return session.fail('NOT_FOUND', "No such image: 'a/b'", { reason: 'IMAGE_NOT_FOUND' });
      }
      await session.ready();
      received = (await session.readStdin()).toString();
      await session.exit(7);
    },
    unary: {
      GetImage() {
        throw serviceError('NOT_FOUND', "No such image: 'a/b'", { reason: 'IMAGE_NOT_FOUND' });
      },
    },
    streams: { PullImage: () => [{ done: { image: { id: 'd' }, changed: true, warnings: [] } }] },
  });
  const client = new PipedLikerctl(server.socketPath, ['run', '-i', 'a/b', 'cat'], { program: whole });
  // A pipe has no room for all of it: the client has read from it.
  client.child.stdin.end(input, () => isRead.resolve());
  const { code } = await client.outcome();
  assert.deepEqual([code, calls, received.length], [7, 2, input.length]);
  assert.equal(received, input.toString());
});

test(
  'signals that come before the session is ready, and before likerctl becomes another program, are passed on',
  patience,
  async () => {
    await using server = new FakeServer();
    const isTold = Promise.withResolvers<void>();
    const seen: unknown[] = [];
    await server.listen({
      async run(session) {
        await session.next();
        await isTold.promise;
        await session.ready();
        for (let frame = await session.nextInput(); ; frame = await session.nextInput())
          if (seen.push(frame?.frame) === 2) break;
        await session.exit(7);
      },
    });
    const client = new PipedLikerctl(server.socketPath, ['run', '-i', '/', 'cat'], { program: whole });
    await until('the front to watch signals', () => blocks(client.child.pid ?? 0, 'SIGUSR1'));
    client.child.kill('SIGUSR1');
    client.child.stdin.write('x');
    await until('the TypeScript client', () =>
      readlinkSync(`/proc/${client.child.pid}/exe`).endsWith('/node'),
    );
    isTold.resolve();
    const { code } = await client.outcome();
    assert.deepEqual([code, seen.toSorted()], [7, ['signal', 'stdin']]);
  },
);

/** Whether the process has blocked the signal. */
function blocks(pid: number, signal: NodeJS.Signals): boolean {
  const mask = /^SigBlk:\s+([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${mask}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n;
}

test(
  'the terminal is restored even if the TypeScript client ends before it has begun',
  patience,
  async () => {
    const top = mkdtempSync(join(folder, 'top-'));
    const program = join(top, 'native/build/likerctl');
    // The terminal lives as long as the shell.
    const shell: Program = ['/bin/sh', '-c', '"$0" "$@"; echo "ended"; read line', program];
    const node = join(top, 'node_modules', `node-linux-${process.arch}`, 'bin/node');
    for (const path of [program, node, join(top, 'dist/boot.cjs')])
      mkdirSync(join(path, '..'), { recursive: true });
    copyFileSync(whole[0], program);
    symlinkSync('/bin/true', node);
    writeFileSync(join(top, 'dist/boot.cjs'), '');
    await using server = new FakeServer();
    await server.listen({
      async exec(session) {
        await session.next();
        await session.ready({ tty: true });
        await session.send({ stdout: { offset: 0, data: Buffer.from('[up]') } });
        while ((await session.nextInput()) !== undefined);
      },
    });
    const client = new TerminalLikerctl(server.socketPath, ['exec', '-it', 'web', 'bash'], {}, shell);
    await client.sees('[up]');
    const terminal = readlinkSync(`/proc/${client.pty.pid}/fd/0`);
    const modes = () => execFileSync('stty', ['-a', '-F', terminal], { encoding: 'utf8' });
    assert.match(modes(), / -icanon/);
    client.pty.write('x');
    await client.sees('ended');
    await until('the terminal to be restored', () => / icanon/.test(modes()));
    client.pty.write('\n');
    await client.ended;
  },
);

test('without standard input, the TypeScript client runs the line', () => {
  const script = '"$0" run / true <&- 2>&1 || :';
  assert.match(
    execFileSync('sh', ['-c', script, alone[0]], { encoding: 'utf8' }),
    /^likerctl: Cannot find .*\/dist/,
  );
});
