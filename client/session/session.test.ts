import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { constants } from 'node:os';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunStart } from '../../proto/gen/types/liker/v1/RunStart.ts';
import { web } from '../test/containers.ts';
import { FakeServer, type FakeSession, runServer } from '../test/fake-server.ts';
import { likerctl, PipedLikerctl } from '../test/likerctl.ts';

const patience = { timeout: 30_000 };

/**
 * Sends SIGUSR1 to a client, each time when the server has got the one before: what the client was about to send or to read by then
 * has been sent or read. The server calls `got` for each.
 */
class Pings {
  #got = Promise.withResolvers<void>();

  got(): void {
    this.#got.resolve();
  }

  async send({ child }: PipedLikerctl, times = 10): Promise<void> {
    for (let count = 0; count < times; count++) {
      this.#got = Promise.withResolvers();
      child.kill('SIGUSR1');
      await this.#got.promise;
    }
  }
}

/** Resolves when the number has not changed for a while. */
async function untilStill(look: () => number): Promise<void> {
  for (let last = -1, same = 0; same < 10; same++) {
    await sleep(20);
    if (look() !== last) same = 0;
    last = look();
  }
}

function sha(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

test('the first frame contains the whole request', patience, async () => {
  let start: RunStart | undefined;
  await using server = await runServer(async (session) => {
    start = (await session.next())?.start as RunStart;
    await session.ready();
    await session.exit(0);
  });
  const { code } = await likerctl(
    server.socketPath,
    ...'run --rm --name web -e A=b -m 64m --on-disconnect kill --replace /root:ro ls -la --help'.split(' '),
  );
  assert.equal(code, 0);
  assert.match(start?.requestId ?? '', /^[0-9a-f-]{36}$/);
  assert.equal(start?.replace, true);
  const spec = start?.spec;
  assert.equal(spec?.name, 'web');
  assert.deepEqual(spec?.rootfs, { directory: '/root', mode: 'MODE_READ_ONLY', image: '' });
  assert.deepEqual(spec?.process?.args, ['ls', '-la', '--help']);
  assert.deepEqual(spec?.process?.env, ['A=b']);
  assert.equal(spec?.process?.openStdin, false);
  assert.equal(spec?.resources?.memory?.maxBytes, 64 * 1024 * 1024);
  assert.equal(spec?.onDisconnect, 'ON_DISCONNECT_KILL');
  assert.equal(spec?.autoRemove, true);
});

test(
  'stdout and stderr stay separate, all output precedes the end, and the exit code is that of the process',
  patience,
  async () => {
    const data = randomBytes(8 * 1024 * 1024).toString('base64');
    await using server = await runServer(async (session) => {
      await session.ready();
      await session.send({ stderr: { offset: 0, data: Buffer.from('oops\n') } });
      for (let offset = 0; offset < data.length; offset += 32768) {
        await session.send({ stdout: { offset, data: Buffer.from(data.slice(offset, offset + 32768)) } });
      }
      await session.exit(13);
    });
    const outcome = await likerctl(server.socketPath, 'run', '/', 'x');
    assert.equal(outcome.code, 13);
    assert.equal(outcome.stderr, 'oops\n');
    assert.equal(sha(outcome.stdout), sha(data));
  },
);

test('stdin arrives complete, with offsets and its end', patience, async () => {
  const data = randomBytes(3 * 1024 * 1024);
  let offsetsFit = true;
  await using server = await runServer(async (session) => {
    await session.next();
    await session.ready();
    let size = 0;
    const hash = createHash('sha256');
    for (;;) {
      const input = await session.nextInput();
      if (input?.frame === 'closeStdin') break;
      const chunk = input?.stdin;
      if (!chunk) continue;
      offsetsFit &&= chunk.offset === size && chunk.data.length <= 1024 * 1024;
      size += chunk.data.length;
      hash.update(chunk.data);
      await session.send({ stdinAck: { offset: size } });
    }
    await session.send({ stdout: { offset: 0, data: Buffer.from(hash.digest('hex')) } });
    await session.exit(0);
  });
  const client = new PipedLikerctl(server.socketPath, ['run', '-i', '/', 'x']);
  client.child.stdin.end(data);
  assert.deepEqual(await client.outcome(), { code: 0, signal: null, stdout: sha(data), stderr: '' });
  assert.ok(offsetsFit);
});

test('at most 1 MiB of stdin is in flight', patience, async () => {
  const limit = 1024 * 1024;
  const pings = new Pings();
  const full = Promise.withResolvers<FakeSession>();
  const goesOn = Promise.withResolvers<void>();
  let sent = 0;
  await using server = await runServer(async (session) => {
    await session.next();
    await session.ready();
    for (let input = await session.nextInput(); input !== undefined; input = await session.nextInput()) {
      sent += input.stdin?.data.length ?? 0;
      if (input.signal) pings.got();
      if (sent >= limit) full.resolve(session);
      if (sent >= 2 * limit) goesOn.resolve();
    }
  });
  const client = new PipedLikerctl(server.socketPath, ['run', '-i', '/', 'x']);
  client.child.stdin.write(randomBytes(16 * limit));
  const session = await full.promise;
  await pings.send(client);
  assert.ok(sent < limit + 128 * 1024, `${sent} bytes`);
  await session.send({ stdinAck: { offset: sent } });
  await goesOn.promise;
  client.child.kill('SIGKILL');
  await client.ended;
});

test('the session ends with the process although stdin is still open', patience, async () => {
  await using server = await runServer(async (session) => {
    await session.ready();
    await session.exit(4);
  });
  const client = new PipedLikerctl(server.socketPath, ['run', '-i', '/', 'x']);
  assert.equal((await client.outcome()).code, 4);
});

test('without -i, stdin is not read', patience, async () => {
  const pings = new Pings();
  const frames = new Set<string | undefined>();
  await using server = await runServer(async (session) => {
    await session.next();
    await session.ready();
    await session.send({ stdout: { offset: 0, data: Buffer.from('up') } });
    for (let input = await session.nextInput(); input !== undefined; input = await session.nextInput()) {
      frames.add(input.frame);
      pings.got();
      if (input.signal?.signal === 'SIGTERM') return session.exit(0);
    }
  });
  const client = new PipedLikerctl(server.socketPath, ['run', '/', 'x']);
  await client.sees('up');
  client.child.stdin.end('not for the container');
  await pings.send(client);
  client.child.kill('SIGTERM');
  assert.equal((await client.outcome()).code, 0);
  assert.deepEqual([...frames], ['signal']);
});

test(
  'if the reader of the output stops, the client stops reading, and nothing is lost',
  patience,
  async () => {
    let sent = 0;
    const total = 64;
    const chunk = Buffer.alloc(256 * 1024, 'x');
    const pings = new Pings();
    const all = Promise.withResolvers<void>();
    await using server = await runServer(async (session) => {
      void (async () => {
        while (await session.next()) pings.got();
      })();
      await session.ready();
      for (; sent < total; sent++)
        await session.send({ stdout: { offset: sent * chunk.length, data: chunk } });
      all.resolve();
      await session.exit(0);
    });
    const client = new PipedLikerctl(server.socketPath, ['run', '/', 'x'], { collect: false });
    const { stdout } = client.child;
    await once(stdout, 'readable');
    await Promise.race([pings.send(client, 100), all.promise]);
    assert.ok(sent < total, 'the server could send everything to a client that nobody reads from');
    let size = 0;
    stdout.on('data', (data: string) => {
      size += data.length;
    });
    const [code] = (await once(client.child, 'close')) as [number];
    assert.equal(code, 0);
    assert.equal(size, total * chunk.length);
  },
);

test('SIGTERM ends a client whose output nobody reads', patience, async () => {
  const chunk = Buffer.alloc(256 * 1024, 'x');
  let offset = 0;
  await using server = await runServer(async (session) => {
    await session.ready();
    for (; offset < 2 ** 26; offset += chunk.length) await session.send({ stdout: { offset, data: chunk } });
  });
  const client = new PipedLikerctl(server.socketPath, ['run', '--sig-proxy=false', '/', 'x'], {
    collect: false,
  });
  await once(client.child.stdout, 'readable');
  await untilStill(() => offset);
  client.child.kill('SIGTERM');
  const [code] = (await once(client.child, 'exit')) as [number];
  assert.equal(code, 143);
});

test('a command that cannot be started: its reason on stderr, exit code 127', patience, async () => {
  await using server = await runServer(async (session) => {
    await session.ready();
    await session.exit(127, { startError: "Cannot start container 'web': nope: command not found" });
  });
  assert.deepEqual(await likerctl(server.socketPath, 'run', '/', 'nope'), {
    code: 127,
    signal: null,
    stdout: '',
    stderr: "likerctl: Cannot start container 'web': nope: command not found\n",
  });
});

test('an engine error prints only its message and exits with 125', patience, async () => {
  await using server = await runServer(async (session) => {
    session.fail('ALREADY_EXISTS', "Cannot create container 'web': the name is taken", {
      reason: 'NAME_TAKEN',
    });
  });
  const outcome = await likerctl(server.socketPath, 'run', '--name', 'web', '/', 'x');
  assert.equal(outcome.code, 125);
  assert.equal(outcome.stderr, "likerctl: Cannot create container 'web': the name is taken\n");
});

test('signals are forwarded, except those that concern only the client', patience, async () => {
  const signals: string[] = [];
  const gotSignal = Promise.withResolvers<void>();
  await using server = await runServer(async (session) => {
    await session.next();
    await session.ready();
    await session.send({ stdout: { offset: 0, data: Buffer.from('up') } });
    for (let input = await session.nextInput(); input !== undefined; input = await session.nextInput()) {
      signals.push(input.signal?.signal ?? '');
      gotSignal.resolve();
      if (input.signal?.signal === 'SIGTERM') return session.exit(143);
    }
  });
  const client = new PipedLikerctl(server.socketPath, ['run', '/', 'x']);
  await client.sees('up');
  for (const signal of ['SIGWINCH', 'SIGCHLD', 'SIGURG', 'SIGUSR1'] as const) client.child.kill(signal);
  await gotSignal.promise;
  client.child.kill('SIGTERM');
  assert.equal((await client.outcome()).code, 143);
  assert.deepEqual(signals, ['SIGUSR1', 'SIGTERM']);
});

test('three SIGINT or SIGTERM end a client whose process ignores them', patience, async () => {
  const signals: string[] = [];
  let gotSignal = Promise.withResolvers<void>();
  await using server = await runServer(async (session) => {
    await session.next();
    await session.ready();
    await session.send({ stdout: { offset: 0, data: Buffer.from('up') } });
    for (let input = await session.nextInput(); input !== undefined; input = await session.nextInput()) {
      signals.push(input.signal?.signal ?? '');
      gotSignal.resolve();
    }
  });
  const client = new PipedLikerctl(server.socketPath, ['run', '/', 'x']);
  await client.sees('up');
  for (const signal of ['SIGINT', 'SIGUSR1', 'SIGTERM'] as const) {
    client.child.kill(signal);
    await gotSignal.promise;
    gotSignal = Promise.withResolvers();
  }
  client.child.kill('SIGINT');
  const { code, stderr } = await client.outcome();
  assert.equal(code, 130);
  assert.equal(stderr, 'likerctl: got SIGINT or SIGTERM three times; giving up the session\n');
  assert.deepEqual(signals, ['SIGINT', 'SIGUSR1', 'SIGTERM']);
});

test('a closed stdout ends the client quietly with 141', patience, async () => {
  await using server = await runServer(async (session) => {
    await session.ready();
    for (let offset = 0; offset < 2 ** 24; offset += 65536) {
      await session.send({ stdout: { offset, data: Buffer.alloc(65536) } });
    }
    await session.exit(0);
  });
  const client = new PipedLikerctl(server.socketPath, ['run', '/', 'x'], { collect: false });
  client.child.stdout.destroy();
  const [code] = (await once(client.child, 'exit')) as [number];
  assert.equal(code, 141);
});

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) {
  test(`likerctl without a terminal at a container with one: ${signal} ends likerctl`, patience, async () => {
    await using server = new FakeServer();
    const inputs: (string | undefined)[] = [];
    await server.listen({
      unary: {
        GetContainer: () => ({
          container: { ...web, spec: { ...web.spec, process: { tty: true, openStdin: true } } },
        }),
      },
      attach: async (session) => {
        await session.next();
        await session.ready({ tty: true });
        await session.send({ stdout: { offset: 0, data: Buffer.from('here') } });
        for (let input = await session.nextInput(); input; input = await session.nextInput())
          inputs.push(input.frame);
      },
    });
    const client = new PipedLikerctl(server.socketPath, ['start', '-ai', 'web']);
    await client.sees('here');
    client.child.kill(signal);
    assert.equal((await client.outcome()).code, 128 + constants.signals[signal]);
    assert.ok(!inputs.includes('signal'), inputs.join());
  });
}
