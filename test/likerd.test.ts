import assert from 'node:assert/strict';
import { type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ServiceError, status } from '@grpc/grpc-js';
import { decodeStatus } from '../common/rpc-status.ts';
import { Api } from './harness/api.ts';
import { Daemon, repository, startDaemon } from './harness/daemon.ts';

const likerd = join(repository, 'bin/likerd');

/** Runs a likerd that is expected to end by itself. */
async function ending(
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<{ code: number; stderr: string }> {
  const child = spawn(likerd, [...args], { stdio: ['ignore', 'ignore', 'pipe'], ...options });
  let stderr = '';
  child.stderr?.on('data', (data) => {
    stderr += data;
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, stderr };
}

test('likerd logs the caller, from SO_PEERCRED', async () => {
  const daemon = await startDaemon();
  try {
    using api = new Api(daemon);
    await assert.rejects(api.call((done) => api.containers.StartContainer({ container: 'nobody' }, done)));
    const line = daemon.log.split('\n').find((text) => text.includes('method=StartContainer'));
    assert.match(
      line ?? '',
      new RegExp(`info call .*container=nobody peerUid=0 peerPid=${process.pid} code=NOT_FOUND`),
    );
  } finally {
    await daemon.destroy();
  }
});

test('a second likerd exits with one line that names the first', async () => {
  const daemon = await startDaemon();
  try {
    const folders = ['--root', daemon.root, '--run', daemon.run];
    const sameSocket = await ending(folders);
    assert.deepEqual(sameSocket, {
      code: 1,
      stderr: `likerd: Cannot listen at '${daemon.socket}': another likerd, pid ${daemon.pid}, is serving there\n`,
    });
    const sameRoot = await ending([...folders, '--socket', join(daemon.home, 'other.sock')]);
    assert.equal(sameRoot.code, 1);
    assert.match(sameRoot.stderr, new RegExp(`^likerd: .*pid ${daemon.pid}[^\n]*\n$`));
    using api = new Api(daemon);
    await api.call((done) => api.system.GetVersion({}, done));
  } finally {
    await daemon.destroy();
  }
});

test('SIGTERM notifies the clients, removes the socket and exits with 0', async () => {
  const daemon = await startDaemon();
  try {
    using api = new Api(daemon);
    const spec = { rootfs: { directory: '/usr' }, process: { args: ['true'] } };
    await api.call((done) => api.containers.CreateContainer({ spec }, done));
    const stream = api.events.Subscribe({ sinceSeq: 0, follow: true });
    await once(stream, 'data');
    stream.resume();
    const failed = once(stream, 'error') as Promise<[ServiceError]>;
    assert.deepEqual(await daemon.stop(), { code: 0, signal: null });
    const [error] = await failed;
    assert.equal(error.code, status.UNAVAILABLE, `${error.message}\n${daemon.log}`);
    const [details] = error.metadata.get('grpc-status-details-bin');
    assert.equal(decodeStatus(details as Buffer)?.details.reason, 'SHUTTING_DOWN');
    assert.ok(!existsSync(daemon.socket));
    assert.match(daemon.log, /info ended\n$/);
  } finally {
    await daemon.destroy();
  }
});

test('an obstacle is named in one line', async () => {
  const work = mkdtempSync(join(tmpdir(), 'lk-way-'));
  try {
    const at = (name: string) => join(work, name);
    writeFileSync(at('file'), '');
    symlinkSync('/nonexistent/folder', at('dangling'));
    mkdirSync(at('odd/liker.db'), { recursive: true });
    const long = at(`${'a'.repeat(108)}.sock`);
    const tries: [string, string, string, RegExp][] = [
      [at('file'), at('run'), at('s'), /'\S+file': EEXIST: something that is not a folder is there/],
      [at('root'), at('file'), at('s'), /'\S+file': EEXIST: something that is not a folder is there/],
      [at('root'), at('file/run'), at('s'), /'\S+file\/run': ENOTDIR: something on the way is not a folder/],
      [at('dangling'), at('run'), at('s'), /'\S+dangling': ENOENT: a symbolic link on the way leads nowhere/],
      [at('odd'), at('run'), at('s'), /'\S+odd\/liker.db': it is a folder; move it away/],
      [at('root'), at('run'), long, /a{108}\.sock': the path of a socket has at most 107 bytes/],
    ];
    for (const [root, run, socket, why] of tries) {
      const { code, stderr } = await ending(['--root', root, '--run', run, '--socket', socket]);
      assert.equal(code, 1);
      assert.match(
        stderr.replace(/^\d.*\n/gm, ''),
        new RegExp(`^likerd: Cannot [^\n]*${why.source}[^\n]*\n$`),
      );
    }
  } finally {
    rmSync(work, { recursive: true });
  }
});

test('foreign files in its folders are not touched, and do no harm', async () => {
  const home = mkdtempSync(join(tmpdir(), 'lk-rubbish-'));
  const strange = ['root/containers/notes.txt', 'root/spare/file', 'run/c/file'].map((name) =>
    join(home, name),
  );
  const folders = ['root/containers/lost+found', 'run/c/folder'].map((name) => join(home, name));
  for (const folder of [...folders, join(home, 'root/spare')]) mkdirSync(folder, { recursive: true });
  for (const file of strange) writeFileSync(file, '');
  const daemon = await startDaemon({ home });
  try {
    using api = new Api(daemon);
    const spec = { rootfs: { directory: '/' }, process: { args: ['true'] } };
    await api.call((done) => api.containers.CreateContainer({ spec }, done as never));
    for (const path of [...strange, ...folders]) assert.ok(existsSync(path), path);
  } finally {
    for (const path of [...strange, ...folders]) rmSync(path, { recursive: true, force: true });
    await daemon.destroy();
  }
});

test('without root, likerd says in one line what it needs', async () => {
  const { code, stderr } = await ending([], { uid: 65_534, gid: 65_534 });
  assert.equal(code, 1);
  assert.match(stderr, /^likerd: Cannot start without root: .*; run 'sudo .*\n$/);
});

function socketFd(server: Server): number {
  return (server as unknown as { _handle: { fd: number } })._handle.fd;
}

test('a socket from systemd is used as it is', async () => {
  const daemon = new Daemon({});
  const path = join(daemon.home, 'systemd.sock');
  const own = join(daemon.home, 'own.sock');
  const server = createServer().listen(own);
  await once(server, 'listening');
  // A second name: closing the server here, so that only likerd accepts, removes the first.
  linkSync(own, path);
  // LISTEN_PID is the process's own pid, so only the process itself can set it.
  const script = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"';
  const args = [likerd, '--root', daemon.root, '--run', daemon.run, '--ready-fd', '4'];
  const child = spawn('/bin/sh', ['-c', script, 'sh', ...args], {
    stdio: ['ignore', 'ignore', 'ignore', socketFd(server), 'pipe'],
  });
  server.close();
  try {
    await once(child.stdio[4] as NodeJS.ReadableStream, 'data');
    using api = new Api({ ...daemon, socket: path });
    const version = await api.call<{ apiMax: string }>((done) => api.system.GetVersion({}, done as never));
    assert.equal(version.apiMax, 'v1');
    assert.ok(!existsSync(daemon.socket), 'it makes no socket of its own');
  } finally {
    child.kill();
    await once(child, 'exit');
    assert.ok(existsSync(path), 'the socket is systemd’s, and stays');
    await daemon.destroy();
  }
});

test('garbage on the socket does not harm the daemon', async () => {
  const daemon = await startDaemon();
  try {
    for (const bytes of ['GET / HTTP/1.1\r\n\r\n', Buffer.alloc(1 << 20, 0xff)]) {
      const socket = connect(daemon.socket);
      socket.on('error', () => {});
      socket.resume();
      socket.end(bytes);
      await new Promise((resolve) => socket.once('close', resolve));
    }
    using api = new Api(daemon);
    await api.call((done) => api.system.GetVersion({}, done));
    assert.doesNotMatch(daemon.log, / error /);
  } finally {
    await daemon.destroy();
  }
});
