import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FakeServer, runServer, serviceError } from '../test/fake-server.ts';
import { likerctl } from '../test/likerctl.ts';

const patience = { timeout: 30_000 };

test(
  '--cidfile writes the id; an existing file is refused before anything is created',
  patience,
  async () => {
    let runs = 0;
    await using server = await runServer(async (session) => {
      runs++;
      await session.ready();
      await session.exit(0);
    });
    const cidfile = join(server.folder, 'cid');
    assert.equal((await likerctl(server.socketPath, 'run', '--cidfile', cidfile, '/', 'x')).code, 0);
    assert.equal(readFileSync(cidfile, 'utf8'), 'c'.repeat(64));
    const second = await likerctl(server.socketPath, 'run', '--cidfile', cidfile, '/', 'x');
    assert.equal(second.code, 125);
    assert.match(second.stderr, /^likerctl: Cannot write the container id to .*: it exists already/);
    assert.equal(runs, 1);
  },
);

test('the cidfile is removed if no container was created', patience, async () => {
  await using server = new FakeServer();
  const cidfile = join(server.folder, 'cid');
  assert.equal((await likerctl(server.socketPath, 'run', '--cidfile', cidfile, '/', 'x')).code, 125);
  assert.equal(existsSync(cidfile), false);
});

test("-it without a terminal is refused with Docker's message", patience, async () => {
  await using server = new FakeServer();
  const { code, stderr } = await likerctl(server.socketPath, 'run', '-it', '/', 'x');
  assert.deepEqual([code, stderr], [1, 'the input device is not a TTY\n']);
});

test(
  'run -d prints the id; a missing command exits with 127 and, with --rm, leaves nothing',
  patience,
  async () => {
    await using server = new FakeServer();
    const removed: string[] = [];
    let isThere = true;
    await server.listen({
      unary: {
        CreateContainer: () => ({ container: { id: 'd'.repeat(64) } }),
        StartContainer: () => {
          if (isThere) return {};
          throw serviceError('FAILED_PRECONDITION', 'Cannot start: not found', {
            reason: 'COMMAND_NOT_FOUND',
          });
        },
        RemoveContainer: ({ container }: { container: string }) => {
          removed.push(container);
          return {};
        },
      },
    });
    const good = await likerctl(server.socketPath, 'run', '-d', '--rm', '/', 'x');
    assert.deepEqual([good.code, good.stdout], [0, `${'d'.repeat(64)}\n`]);
    isThere = false;
    const bad = await likerctl(server.socketPath, 'run', '-d', '--rm', '/', 'x');
    assert.deepEqual([bad.code, bad.stdout, bad.stderr], [127, '', 'likerctl: Cannot start: not found\n']);
    assert.deepEqual(removed, ['d'.repeat(64)]);
  },
);

test(
  'a cidfile or pidfile that cannot be written: the error has the errno, its meaning and what to do',
  patience,
  async () => {
    await using server = await runServer(async (session) => {
      await session.ready({ pid: 42 });
      await session.exit(0);
    });
    const missing = join(server.folder, 'none/file');
    const why = `'${missing}': ENOENT: its directory does not exist; create it\n`;
    const cidfile = await likerctl(server.socketPath, 'run', '--cidfile', missing, '/', 'x');
    assert.deepEqual(
      [cidfile.code, cidfile.stderr],
      [125, `likerctl: Cannot write the container id to ${why}`],
    );
    const pidfile = await likerctl(server.socketPath, 'run', '--pidfile', missing, '/', 'x');
    assert.deepEqual([pidfile.code, pidfile.stderr], [0, `likerctl: Cannot write the pid to ${why}`]);
  },
);

test('the pidfile is written by the time likerctl exits', patience, async () => {
  await using server = new FakeServer();
  const container = { id: 'd'.repeat(64) };
  await server.listen({
    // It has gone before anybody can ask for more.
    run: async (session) => {
      await session.ready({ pid: 4712 });
      await session.exit(0);
    },
    unary: { CreateContainer: () => ({ container }), StartContainer: () => ({ pid: 4711 }) },
  });
  const pidfile = join(server.folder, 'pid');
  const run = (...flags: string[]) =>
    likerctl(server.socketPath, 'run', ...flags, '--pidfile', pidfile, '/', 'x');
  assert.equal((await run('-d')).code, 0);
  assert.equal(readFileSync(pidfile, 'utf8'), '4711');
  assert.deepEqual(await run('--rm'), { code: 0, signal: null, stdout: '', stderr: '' });
  assert.equal(readFileSync(pidfile, 'utf8'), '4712');
});

test('create refuses --pidfile, since there is no process yet', patience, async () => {
  await using server = new FakeServer();
  const { code, stderr } = await likerctl(server.socketPath, 'create', '--pidfile', '/nowhere', '/', 'x');
  assert.deepEqual(
    [code, stderr],
    [
      125,
      'likerctl: Cannot write a pidfile: a created container has no process yet; give --pidfile to run\n',
    ],
  );
});
