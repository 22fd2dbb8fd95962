import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byName, id } from '../test/containers.ts';
import { FakeServer } from '../test/fake-server.ts';
import { likerctl, PipedLikerctl } from '../test/likerctl.ts';

const patience = { timeout: 30_000 };
test(
  'commands on several containers continue after a failure, and print one line for it',
  patience,
  async () => {
    await using server = new FakeServer();
    const done: string[] = [];
    const answer =
      (verb: string) =>
      (request: { container: string; signal?: string; timeoutSeconds?: number }): object => {
        byName(request);
        done.push(
          [verb, request.container, request.signal, request.timeoutSeconds].filter(Boolean).join(' '),
        );
        return verb === 'wait' ? { exit: { code: 5 } } : {};
      };
    await server.listen({
      unary: {
        StopContainer: answer('stop'),
        KillContainer: answer('kill'),
        GetContainer: ({ container }: { container: string }) => {
          byName({ container });
          return { container: { id: container } };
        },
        WaitContainer: answer('wait'),
        RemoveContainer: answer('rm'),
      },
    });
    const run = (...args: string[]): ReturnType<typeof likerctl> => likerctl(server.socketPath, ...args);
    const failed = { code: 1, signal: null, stderr: "likerctl: Cannot find container 'none'\n" };
    assert.deepEqual(await run('stop', '-t', '2', '-s', 'INT', 'web', 'none', 'old'), {
      ...failed,
      stdout: 'web\nold\n',
    });
    assert.deepEqual(await run('kill', '-s', 'HUP', 'web', 'none'), { ...failed, stdout: 'web\n' });
    assert.deepEqual(await run('wait', 'web', 'none', 'old'), { ...failed, stdout: '5\n5\n' });
    assert.deepEqual(await run('rm', 'none'), { ...failed, stdout: '' });
    assert.deepEqual(await run('rm', '-f', 'none'), { ...failed, code: 0, stdout: '' });
    assert.deepEqual(done.toSorted(), [
      'kill web HUP',
      'stop old INT 2',
      'stop web INT 2',
      'wait old',
      'wait web',
    ]);
  },
);

test('update sends the given limits to each container', patience, async () => {
  await using server = new FakeServer();
  const seen: object[] = [];
  await server.listen({
    unary: {
      UpdateContainer: (request: { container: string; resources: { memory: object; pids: object } }) => {
        byName(request);
        seen.push({ ...request.resources.memory, ...request.resources.pids });
        return {};
      },
    },
  });
  const { code, stdout } = await likerctl(
    server.socketPath,
    ...['update', '-m', '64m', '--pids-limit', '7', 'web', 'none', 'old'],
  );
  assert.deepEqual([code, stdout], [1, 'web\nold\n']);
  assert.equal(seen.length, 2);
  for (const limits of seen) {
    assert.partialDeepStrictEqual(limits, { maxBytes: 64 * 2 ** 20, max: 7 });
    assert.ok(!('highBytes' in limits));
  }
  const nothing = await likerctl(server.socketPath, 'update', 'web');
  assert.match(nothing.stderr, /requires at least one limit, such as --memory 256m/);
});

test('logs prints stdout to stdout and stderr to stderr, with one time per line', patience, async () => {
  await using server = new FakeServer();
  const time = { seconds: 1_700_000_000, nanos: 5 };
  const entry = (stream: string, text: string): object => ({ time, stream, data: Buffer.from(text) });
  const requests: object[] = [];
  await server.listen({
    streams: {
      ReadLogs: (request: object) => {
        requests.push(request);
        return [
          { entries: [entry('LOG_STREAM_STDOUT', 'a'), entry('LOG_STREAM_STDERR', 'oops\n')] },
          { entries: [entry('LOG_STREAM_STDOUT', 'b\n'), entry('LOG_STREAM_STDOUT', 'c\n')] },
        ];
      },
    },
  });
  const plain = await likerctl(server.socketPath, 'logs', 'web');
  assert.deepEqual([plain.stdout, plain.stderr], ['ab\nc\n', 'oops\n']);
  const stamp = '2023-11-14T22:13:20.000000005Z';
  const timed = await likerctl(server.socketPath, 'logs', '-t', '-n', '5', '--since', '1699999999', 'web');
  assert.equal(timed.stdout, `${stamp} ab\n${stamp} c\n`);
  assert.deepEqual(requests[1], {
    container: 'web',
    cursor: '',
    follow: false,
    tail: 5,
    since: { seconds: 1699999999, nanos: 0 },
    until: null,
    _tail: 'tail',
  });
});

test(
  'logs says where output is missing because its files were removed before they were read',
  patience,
  async () => {
    await using server = new FakeServer();
    const entry = (text: string, skippedFiles: number): object => ({
      stream: 'LOG_STREAM_STDOUT',
      data: Buffer.from(text),
      skippedFiles,
    });
    await server.listen({
      streams: { ReadLogs: () => [{ entries: [entry('a\n', 0), entry('b\n', 3), entry('c\n', 1)] }] },
    });
    const { stdout, stderr } = await likerctl(server.socketPath, 'logs', 'web');
    assert.equal(stdout, 'a\nb\nc\n');
    assert.match(
      stderr,
      /^likerctl: 3 files of the log are missing here: .*\nlikerctl: a file of the log is missing here: .*\n$/,
    );
  },
);

test('for events, a small --since is an event number and a large one is a time', patience, async () => {
  await using server = new FakeServer();
  const requests: { sinceSeq?: number; since: unknown; follow: boolean }[] = [];
  await server.listen({
    streams: {
      Subscribe: (request: { sinceSeq?: number; since: unknown; follow: boolean }) => {
        requests.push(request);
        const event = {
          seq: 8,
          time: { seconds: 1_700_000_000 },
          subjectType: 'container',
          subjectId: id,
          subjectName: 'web',
          action: 'die',
          attributes: { exitCode: '3' },
        };
        return [{ event }];
      },
    },
  });
  const { stdout } = await likerctl(server.socketPath, 'events', '--since', '7');
  assert.equal(stdout, `2023-11-14T22:13:20.000000000Z 8 container die ${id} (exitCode=3, name=web)\n`);
  assert.deepEqual([requests[0]?.sinceSeq, requests[0]?.since, requests[0]?.follow], [7, null, true]);
  const json = await likerctl(
    server.socketPath,
    'events',
    '--since',
    '1700000000',
    '--until',
    '0s',
    '--format',
    'json',
  );
  assert.deepEqual(
    [requests[1]?.sinceSeq, requests[1]?.since],
    [undefined, { seconds: 1700000000, nanos: 0 }],
  );
  assert.equal(requests[1]?.follow, false);
  assert.equal(JSON.parse(json.stdout).Actor.Attributes.exitCode, '3');
});

test(
  'start -a attaches in the same call and ends with the exit code of the container',
  patience,
  async () => {
    await using server = new FakeServer();
    let start: { startContainer?: boolean } | null | undefined;
    await server.listen({
      unary: {
        GetContainer: () => ({ container: { spec: { process: { args: ['x'] } } } }),
      },
      async attach(session) {
        start = (await session.next())?.start as { startContainer?: boolean };
        await session.ready();
        await session.send({ stdout: { offset: 0, data: Buffer.from('hello\n') } });
        await session.exit(6);
      },
    });
    const { code, stdout } = await likerctl(server.socketPath, 'start', '-a', 'web');
    assert.deepEqual([code, stdout, start?.startContainer], [6, 'hello\n', true]);
  },
);

test('exec connects the terminal to its process; exec -d does not wait', patience, async () => {
  await using server = new FakeServer();
  const seen: unknown[] = [];
  await server.listen({
    async exec(session) {
      const start = (await session.next())?.start as {
        container: string;
        process: { args: string[]; cwd: string };
      };
      seen.push(start.container, start.process.args, start.process.cwd);
      await session.ready({ processId: 'e1' });
      await session.exit(2);
    },
    unary: {
      StartExec: ({ process }: { process: { args: string[] } }) => {
        seen.push(process.args);
        return {};
      },
    },
  });
  assert.equal((await likerctl(server.socketPath, 'exec', '-w', '/srv', 'web', 'ls', '-l')).code, 2);
  assert.equal((await likerctl(server.socketPath, 'exec', '-d', 'web', 'sleep', '9')).code, 0);
  assert.deepEqual(seen, ['web', ['ls', '-l'], '/srv', ['sleep', '9']]);
});

test('container prune asks first, and does nothing unless the answer is yes', patience, async () => {
  await using server = new FakeServer();
  let prunes = 0;
  await server.listen({
    unary: {
      PruneContainers: () => {
        prunes++;
        return { containerIds: [id], reclaimedBytes: 1234567 };
      },
    },
  });
  for (const [typed, expected] of [
    ['n\n', 0],
    ['', 0],
    ['y\n', 1],
  ] as const) {
    const client = new PipedLikerctl(server.socketPath, ['container', 'prune']);
    client.child.stdin.end(typed);
    const { code, stdout } = await client.outcome();
    assert.equal(code, 0);
    assert.match(stdout, /^WARNING!/);
    assert.equal(prunes, expected, `after ${JSON.stringify(typed)}`);
  }
  const { stdout } = await likerctl(server.socketPath, 'container', 'prune', '-f');
  assert.equal(stdout, `Deleted Containers:\n${id}\n\nTotal reclaimed space: 1.23MB\n`);
});

test('the --help of a group of commands lists its commands', patience, async () => {
  await using server = new FakeServer();
  for (const group of ['container', 'rootfs', 'system', 'healthcheck']) {
    const { code, stdout, stderr } = await likerctl(server.socketPath, group, '--help');
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, new RegExp(`^  ${group} `, 'm'));
  }
});

test(
  'a wrong command line prints two lines and exits with 125, without a stack trace',
  patience,
  async () => {
    await using server = new FakeServer();
    for (const [args, text] of [
      [['nonsense'], "likerctl: 'nonsense' is not a likerctl command\nSee 'likerctl --help'\n"],
      [['help', 'nonsense'], "likerctl: 'nonsense' is not a likerctl command\nSee 'likerctl --help'\n"],
      [['ps', '--foo'], "likerctl ps: unknown flag: --foo\nSee 'likerctl ps --help'\n"],
      [['rename', 'a'], "likerctl rename: requires 2 arguments\nSee 'likerctl rename --help'\n"],
      [['--host'], "likerctl: flag needs an argument: --host\nSee 'likerctl --help'\n"],
    ] as const) {
      assert.deepEqual(await likerctl(server.socketPath, ...args), {
        code: 125,
        signal: null,
        stdout: '',
        stderr: text,
      });
    }
    const tcp = await likerctl(server.socketPath, '-H', 'tcp://x:1', 'ps');
    assert.deepEqual(
      [tcp.code, tcp.stderr],
      [1, "likerctl: Cannot use the host 'tcp://x:1': give a Unix socket as unix:///PATH\n"],
    );
  },
);
