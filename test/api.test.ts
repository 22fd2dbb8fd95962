// The API as a program sees it: retries, deadlines, bounds, bad input, many connections.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { ServiceError } from '@grpc/grpc-js';
import { containerRow } from '../client/format/container-row.ts';
import type { Container } from '../proto/gen/types/liker/v1/Container.ts';
import type { ListView } from '../proto/gen/types/liker/v1/ListView.ts';
import { Api, failure, reasonOf } from './harness/api.ts';
import { isAlive, openFiles } from './harness/proc.ts';
import { suite } from './harness/suite.ts';
import { until, within } from './harness/until.ts';

const s = suite({ helpers: ['burst'] });

const status = {
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  INTERNAL: 13,
};

const get = (container: string) =>
  s.api.call((callback) => s.api.containers.GetContainer({ container }, callback as never));

describe('a retry with the same request_id', { concurrency: 4 }, () => {
  test('of CreateContainer returns the container that the first call created', async () => {
    const requestId = randomUUID();
    const spec = s.spec(['true'], {}, { autoRemove: false });
    type Created = { container: { id: string } };
    const create = () =>
      s.api.call<Created>((callback) =>
        s.api.containers.CreateContainer({ spec, requestId }, callback as never),
      );
    const [first, second] = [await create(), await create()];
    assert.equal(second.container.id, first.container.id);
    const other = await s.api.call<Created>((callback) =>
      s.api.containers.CreateContainer({ spec, requestId: randomUUID() }, callback as never),
    );
    assert.notEqual(other.container.id, first.container.id);
    await s.ok(['rm', first.container.id, other.container.id]);
  });

  test('of Run attaches to the container that the first call created', async () => {
    const requestId = randomUUID();
    const spec = s.spec(['sh', '-c', 'echo once; read line; echo got $line; exit 8'], { openStdin: true });
    const first = s.api.run(spec, { requestId });
    await first.waitFor('once');
    const id = (await first.ready).containerId;
    const second = s.api.run(spec, { requestId });
    assert.equal((await second.ready).containerId, id);
    await second.waitFor('once');
    second.type('word\n');
    assert.equal((await second.exit()).code, 8);
    assert.equal((await first.exit()).code, 8);
    assert.match(second.stdout.toString(), /got word/);
  });

  test('of StartExec does not start a second process', async () => {
    const id = await s.detached([], ['sleep', '100000']);
    const requestId = randomUUID();
    const start = () =>
      s.api.call<{ process: { processId: string } }>((callback) =>
        s.api.sessions.StartExec(
          { container: id, process: { args: ['sleep', '4444'] }, requestId },
          callback as never,
        ),
      );
    const [first, second] = [await start(), await start()];
    assert.equal(first.process.processId, second.process.processId);
    assert.equal((await s.ok(['top', id])).match(/sleep 4444/g)?.length, 1);
    await s.ok(['rm', '-f', id]);
  });
});

test('a request_id that was used for another request, or whose result is gone, gets a clear error', async () => {
  const requestId = randomUUID();
  const spec = s.spec(['true'], {}, { autoRemove: false });
  type Created = { container: { id: string } };
  const create = (more: object) =>
    s.api.call<Created>((callback) =>
      s.api.containers.CreateContainer({ spec: { ...spec, ...more }, requestId }, callback as never),
    );
  const { container } = await create({});
  const answer = async (call: Promise<unknown>) => {
    const error = await failure(call);
    return [error.code, reasonOf(error)];
  };
  const reused = [status.INVALID_ARGUMENT, 'REQUEST_ID_REUSED'];
  assert.deepEqual(await answer(create({ hostname: 'other' })), reused);
  assert.deepEqual(await answer(s.api.run(spec, { requestId }).exit()), reused);
  assert.equal((await create({})).container.id, container.id);
  await s.ok(['rm', container.id]);
  const gone = await failure(create({}));
  assert.deepEqual([gone.code, reasonOf(gone)], [status.NOT_FOUND, 'CONTAINER_NOT_FOUND']);
  const long = await failure(s.api.run(spec, { requestId: 'x'.repeat(257) }).exit());
  assert.deepEqual([long.code, reasonOf(long)], [status.INVALID_ARGUMENT, 'BAD_ARGUMENT']);
  assert.match(gone.details, new RegExp(`${requestId}.*${container.id.slice(0, 12)}.*was removed`));

  // A container with autoRemove leaves its exit status; one that was removed before it ran leaves nothing.
  const ended = randomUUID();
  const short = s.spec(['sh', '-c', 'exit 7']);
  assert.equal((await s.api.run(short, { requestId: ended }).exit()).code, 7);
  assert.equal((await s.api.run(short, { requestId: ended }).exit()).code, 7);
});

test('a failed StartExec is started by its retry, once', async () => {
  const id = await s.detached([], ['sleep', '100000']);
  const start = (args: string[], requestId: string) =>
    s.api.call<{ process: { processId: string } }>((callback) =>
      s.api.sessions.StartExec({ container: id, process: { args }, requestId }, callback as never),
    );
  const requestId = randomUUID();
  assert.equal(reasonOf(await failure(start(['/tmp/later'], requestId))), 'COMMAND_NOT_FOUND');
  await s.ok(['exec', id, 'sh', '-c', 'printf "#!/bin/sh\nsleep 4445\n" >/tmp/later; chmod +x /tmp/later']);
  const first = await start(['/tmp/later'], requestId);
  assert.equal((await start(['/tmp/later'], requestId)).process.processId, first.process.processId);
  assert.equal(reasonOf(await failure(start(['true'], requestId))), 'REQUEST_ID_REUSED');
  await s.ok(['rm', '-f', id]);
});

describe('deadlines and cancellation', { concurrency: 4 }, () => {
  test('the deadline of a wait is honoured, and the daemon drops the call', async () => {
    const id = await s.detached([], ['sleep', '100000']);
    const start = Date.now();
    const error = await failure(
      s.api.call((callback) =>
        s.api.containers.WaitContainer({ container: id }, { deadline: Date.now() + 300 }, callback as never),
      ),
    );
    assert.equal(error.code, status.DEADLINE_EXCEEDED);
    assert.ok(Date.now() - start < 5000);
    await s.ok(['rm', '-f', id]);
  });

  test('ExecSync kills the process at its deadline', async () => {
    const id = await s.detached([], ['sleep', '100000']);
    const error = await failure(
      s.api.call((callback) =>
        s.api.sessions.ExecSync(
          { container: id, process: { args: ['sleep', '5555'] } },
          { deadline: Date.now() + 500 },
          callback as never,
        ),
      ),
    );
    assert.equal(error.code, status.DEADLINE_EXCEEDED);
    await until('its end', async () => !(await s.ok(['top', id])).includes('sleep 5555'));
    await s.ok(['rm', '-f', id]);
  });

  test('when the client of an Exec disconnects the process is hung up; with keep it continues', async () => {
    const id = await s.detached([], ['sleep', '100000']);
    const policies = {
      ON_DISCONNECT_UNSPECIFIED: '6661',
      ON_DISCONNECT_KEEP: '6662',
      ON_DISCONNECT_KILL: '6663',
    } as const;
    for (const [onDisconnect, seconds] of Object.entries(policies)) {
      const session = s.api.exec(
        id,
        { args: ['sh', '-c', `echo ready; exec sleep ${seconds}`] },
        { onDisconnect },
      );
      await session.waitFor('ready');
      session.vanish();
      await session.end.catch(() => null);
    }
    await until('the end of two', async () => {
      const top = await s.ok(['top', id]);
      return !top.includes('sleep 6661') && !top.includes('sleep 6663');
    });
    assert.match(await s.ok(['top', id]), /sleep 6662/);
    await s.ok(['rm', '-f', id]);
  });
});

test('an exec that is starting as its container ends gets an answer', async (t) => {
  const id = await s.detached([], ['sleep', '100000']);
  const { State, CgroupPaths } = await s.inspect(id);
  const group = CgroupPaths['v2'];
  t.after(() => s.likerctl(['rm', '-f', id]));
  if (group === undefined) return t.skip('only a group of v2 can be frozen before a process is in it');
  // The groups that these execs will have are there and frozen, so that the execs hang.
  for (const number of [1, 2, 3]) {
    const folder = join(group, `exec-${number}`);
    mkdirSync(folder);
    writeFileSync(join(folder, 'cgroup.freeze'), '1');
  }
  const start = { container: id, process: { args: ['true'] } };
  const answers = [
    s.api.call((callback) => s.api.sessions.StartExec(start, callback as never)),
    s.api.call((callback) => s.api.sessions.ExecSync(start, callback as never)),
    s.api.exec(id, start.process).exit(),
  ].map(failure);
  await until('three execs that are starting', () => {
    const execs = readdirSync(group).filter((name) => name.startsWith('exec-'));
    const inside = execs.filter((name) => readFileSync(join(group, name, 'cgroup.procs'), 'utf8') !== '');
    return inside.length === answers.length;
  });
  process.kill(State.Pid, 'SIGKILL');
  for (const error of await within('the answers', Promise.all(answers))) {
    assert.equal(reasonOf(error), 'WRONG_STATE', error.message);
    assert.match(error.details, /^Cannot start the process in .*: the container has ended/);
  }
  assert.deepEqual((await s.inspect(id)).ExecIDs, []);
});

test('an exec that ended before its container is reported as it ended', async () => {
  const id = await s.detached([], ['sleep', '100000']);
  const session = s.api.exec(id, { args: ['sh', '-c', 'echo all; exit 7'] }, { confirmsOutput: true });
  const asked = new Promise((resolve) =>
    session.stream.on('data', ({ output }) => output?.frame === 'outputEnd' && resolve(null)),
  );
  await within('output_end', asked);
  const { State } = await s.inspect(id);
  process.kill(State.Pid, 'SIGKILL');
  await until('the end of the container', async () => (await s.inspect(id)).State.Status === 'exited');
  session.send({ outputTaken: {} });
  const exit = await session.exit();
  assert.deepEqual([exit.code, Number(exit.stdoutBytes)], [7, 4]);
  await until('the end of its shim', () => !isAlive(State.ShimPid));
  await s.ok(['rm', '-f', id]);
});

describe('limits', { concurrency: 3 }, () => {
  type Answer = { stdout: Buffer; stderr: Buffer; truncated: boolean; exit: { code: number } };
  const execSync = (container: string, args: string[], more: object = {}) =>
    s.api.call<Answer>((callback) =>
      s.api.sessions.ExecSync({ container, process: { args }, ...more }, callback as never),
    );

  test('ExecSync returns output and exit code, and passes stdin on', async () => {
    const id = await s.detached([], ['sleep', '100000']);
    const answer = await execSync(id, ['sh', '-c', 'cat; echo err >&2; exit 9'], {
      stdin: Buffer.from('in'),
    });
    assert.deepEqual(
      [answer.stdout.toString(), answer.stderr.toString(), answer.exit.code, answer.truncated],
      ['in', 'err\n', 9, false],
    );
    const missing = await failure(
      execSync(id, ['no-such-program']).then((found) =>
        found.exit.code === 127 ? Promise.reject(Object.assign(new Error(), { code: 127 })) : found,
      ),
    );
    assert.ok([127, status.FAILED_PRECONDITION].includes(missing.code));
    await s.ok(['rm', '-f', id]);
  });

  test('ExecSync cuts the output at its limit and says so (T19)', async () => {
    const id = await s.detached([], ['sleep', '100000']);
    const answer = await execSync(id, ['burst', String(40 << 20), '3']);
    assert.equal(answer.exit.code, 3);
    assert.equal(answer.truncated, true);
    assert.ok(answer.stdout.length > 8 << 20 && answer.stdout.length <= 16 << 20, `${answer.stdout.length}`);
    await s.ok(['rm', '-f', id]);
  });

  test('a message that is too large is refused, and the connection remains usable', async () => {
    const spec = s.spec(['true'], { env: [`BIG=${'x'.repeat(17 << 20)}`] });
    const error = await failure(
      s.api.call((callback) => s.api.containers.CreateContainer({ spec }, callback as never)),
    );
    assert.equal(error.code, status.RESOURCE_EXHAUSTED);
    await s.api.call((callback) => s.api.system.GetVersion({}, callback as never));
  });
});

describe('invalid input', { concurrency: 4 }, () => {
  test('is INVALID_ARGUMENT with its reason, and nothing is created', async () => {
    const bad: [string, Parameters<typeof s.spec>[1], Parameters<typeof s.spec>[2]][] = [
      ['no root', {}, { rootfs: null }],
      ['a relative root', {}, { rootfs: { directory: 'rootfs' } }],
      ['a bad name', {}, { name: '../x' }],
      ['a NUL in an argument', { args: ['a\0b'] }, {}],
      ['no argument', { args: [] }, {}],
      ['an env without a name', { env: ['=x'] }, {}],
      ['a relative mount', {}, { mounts: [{ type: 'TYPE_BIND', source: 'x', target: '/y' }] }],
      ['a sysctl of the host', {}, { sysctls: { 'kernel.panic': '1' } }],
      ['a sysctl that walks', {}, { sysctls: { 'net/../kernel/panic': '1' } }],
      ['an unknown rlimit', { rlimits: [{ name: 'nope', soft: 1, hard: 1 }] }, {}],
      ['a bad dns', {}, { dns: ['1.2.3.4\nnameserver 6.6.6.6'] }],
      ['a bad host', {}, { extraHosts: ['x:1.2.3.4\n6.6.6.6 bank'] }],
    ];
    for (const [what, process, more] of bad) {
      const spec = s.spec(['true'], process, { name: 'bad-input', ...more });
      const error = await failure(
        s.api.call((callback) => s.api.containers.CreateContainer({ spec }, callback as never)),
      );
      assert.equal(error.code, status.INVALID_ARGUMENT, `${what}: ${error.message}`);
      assert.match(reasonOf(error) ?? '', /^[A-Z_]+$/, what);
    }
    assert.equal((await failure(get('bad-input'))).code, status.NOT_FOUND);
  });

  test('errors carry a stable reason', async () => {
    assert.equal(reasonOf(await failure(get('no-such'))), 'CONTAINER_NOT_FOUND');
    const id = await s.ok(['create', '--name', 'reasons', s.rootfs, 'true']);
    const taken = await failure(
      s.api.call((callback) =>
        s.api.containers.CreateContainer(
          { spec: s.spec(['true'], {}, { name: 'reasons' }) },
          callback as never,
        ),
      ),
    );
    assert.deepEqual([taken.code, reasonOf(taken)], [status.ALREADY_EXISTS, 'NAME_TAKEN']);
    const wrong = await failure(
      s.api.call((callback) => s.api.containers.PauseContainer({ container: id }, callback as never)),
    );
    assert.deepEqual([wrong.code, reasonOf(wrong)], [status.FAILED_PRECONDITION, 'WRONG_STATE']);
    await s.ok(['rm', id]);
  });

  test('bytes that are not HTTP/2, gRPC or protobuf do not harm the daemon', async () => {
    for (const bytes of [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.alloc(100_000, 0xff),
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nrubbish'),
    ]) {
      const socket = connect(s.daemon.socket);
      socket.on('error', () => {});
      socket.resume();
      await once(socket, 'connect');
      socket.write(bytes);
      socket.end();
      // Not once(), which rejects with the error of what was written too late.
      await within('the end of a bad connection', new Promise((resolve) => socket.once('close', resolve)));
    }
    const codes = await Promise.all([
      rawCall('/liker.v1.ContainerService/GetContainer', grpcFrame(Buffer.from('ffffffff', 'hex'))),
      rawCall('/liker.v1.ContainerService/GetContainer', grpcFrame(Buffer.from('0a80', 'hex'))),
      rawCall('/liker.v1.ContainerService/GetContainer', Buffer.from('00ffffffff', 'hex')),
      rawCall('/liker.v1.NoService/Nothing', grpcFrame(Buffer.alloc(0))),
    ]);
    assert.ok(
      codes.every((code) => code !== '0'),
      codes.join(),
    );
    await s.api.call((callback) => s.api.system.GetVersion({}, callback as never));
  });

  test('an unknown field is ignored', async () => {
    // Field 1000, a varint, as a newer client may send it.
    assert.equal(
      await rawCall('/liker.v1.SystemService/GetVersion', grpcFrame(Buffer.from('c03e01', 'hex'))),
      '0',
    );
  });

  test('a session with a missing or wrong first frame is refused', async () => {
    const session = new Api(s.daemon);
    const stream = session.sessions.Run();
    stream.on('data', () => {});
    stream.write({ input: { stdin: { offset: 0, data: Buffer.from('x') } } });
    const [error] = (await within('an error', once(stream, 'error'))) as [ServiceError];
    assert.equal(error.code, status.INVALID_ARGUMENT);
    session[Symbol.dispose]();
  });

  test('a session that breaks off at any moment leaves nothing behind', async () => {
    for (let delay = 0; delay < 40; delay += 4) {
      using api = new Api(s.daemon);
      const session = api.run(s.spec(['sleep', '0.2']));
      await new Promise((resolve) => setTimeout(resolve, delay));
      session.vanish();
      await session.end.catch(() => null);
    }
    await until(
      'all to be gone',
      async () => (await s.ok(['ps', '-aq', '--filter', 'status=running'])).length < 200,
    );
  });
});

test('a basic list has all that ps shows, and no more', async () => {
  const run = [
    'run',
    '--name',
    'rich',
    '--label',
    'tier=front',
    '-v',
    '/tmp:/data',
    '--network',
    'host',
    '-m',
    '64m',
  ];
  await s.ok([...run, '--health-cmd', 'true', '--health-interval', '50ms', '-d', s.rootfs, 'sleep', '1000']);
  const list = async (view: ListView): Promise<Container | undefined> => {
    const filters = [{ key: 'name', value: 'rich' }];
    const { containers } = await s.api.call<{ containers: Container[] }>((callback) =>
      s.api.containers.ListContainers({ filters, view, withSize: true }, callback as never),
    );
    return containers[0];
  };
  await until(
    'its health',
    async () => (await list('LIST_VIEW_FULL'))?.health?.status === 'HEALTH_STATUS_HEALTHY',
  );
  const [full, basic] = [await list('LIST_VIEW_FULL'), await list('LIST_VIEW_BASIC')];
  assert.ok(full && basic);
  const row = (container: Container) => {
    const { Label, ...fields } = containerRow(container, { truncate: false, nowMs: 0 });
    return { ...fields, tier: Label('tier') };
  };
  assert.deepEqual(row(basic), row(full));
  assert.deepEqual([row(basic).Networks, row(basic).tier, row(basic).Mounts], ['host', 'front', '/tmp']);
  assert.equal(full.spec?.resources?.memory?.maxBytes, 64 * 2 ** 20);
  assert.deepEqual(
    [basic.spec?.resources, basic.cgroupPaths, basic.appliedLimits, basic.health?.log],
    [null, {}, [], []],
  );
  await s.ok(['rm', '-f', 'rich']);
});

test('200 idle connections and half-open streams harm nobody, and are closed with their clients', async () => {
  const before = openFiles(s.daemon.pid).length;
  const sockets: Socket[] = [];
  for (let index = 0; index < 100; index++) {
    const socket = connect(s.daemon.socket);
    await once(socket, 'connect');
    sockets.push(socket);
  }
  const apis = Array.from({ length: 100 }, () => new Api(s.daemon));
  const streams = apis.map((api) => {
    const stream = api.sessions.Run();
    stream.on('error', () => {});
    return stream;
  });
  await Promise.all(apis.map((api) => api.call((callback) => api.system.GetVersion({}, callback as never))));
  assert.equal((await s.run([], ['echo', 'hi'])).stdout, 'hi\n');
  for (const stream of streams) stream.cancel();
  for (const socket of sockets) socket.destroy();
  for (const api of apis) api[Symbol.dispose]();
  await until('as many files as before', () => openFiles(s.daemon.pid).length <= before + 1);
});

test('the health service and reflection are served on the same socket', async () => {
  assert.equal(await rawCall('/grpc.health.v1.Health/Check', grpcFrame(Buffer.alloc(0))), '0');
  // ServerReflectionRequest.list_services = "" (field 7).
  assert.equal(
    await rawCall(
      '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
      grpcFrame(Buffer.from('3a00', 'hex')),
    ),
    '0',
  );
});

test('the log names the peer of every call that changes something, and no secret', async () => {
  const before = s.daemon.log.length;
  await s.run(['-e', 'PASSWORD=hunter2', '--name', 'logged-peer'], ['echo', 'out-of-container']);
  const log = s.daemon.log.slice(before);
  assert.match(log, /method=Run.*peerUid=0.*peerPid=\d+/);
  assert.doesNotMatch(log, /hunter2|out-of-container/);
});

function grpcFrame(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** A call in plain HTTP/2: the gRPC status as text. */
async function rawCall(path: string, body: Buffer): Promise<string> {
  const session = connectHttp2('http://localhost', { createConnection: () => connect(s.daemon.socket) });
  session.on('error', () => {});
  try {
    const request = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const code = new Promise<string>((resolve) => {
      const take = (headers: Record<string, unknown>): void => {
        if (headers['grpc-status'] !== undefined) resolve(String(headers['grpc-status']));
      };
      request.on('response', take);
      request.on('trailers', take);
      request.on('error', () => resolve('error'));
      request.on('close', () => resolve('closed'));
    });
    request.resume();
    request.end(body);
    return await within(path, code);
  } finally {
    session.destroy();
  }
}
