// Short commands that Bun runs (docs/adr/0058).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { FakeServer } from '../client/test/fake-server.ts';
import { repository } from './harness/daemon.ts';
import { environment, program } from './harness/likerctl.ts';
import { suite } from './harness/suite.ts';

const s = suite();
const skip = !existsSync(join(repository, 'dist/likerctl')) && 'needs Bun, which npm could not install';

test('version runs on Bun, and on Node.js with LIKER_RUNTIME=node', { skip }, async () => {
  const answers = await Promise.all(
    ['', 'bun', 'node'].map((name) => s.likerctl(['version'], { env: { LIKER_RUNTIME: name } })),
  );
  assert.deepEqual(
    answers.map(({ stdout }) => /^ (Bun|Node) version/m.exec(stdout)?.[1]),
    ['Bun', 'Bun', 'Node'],
  );
  const { code, stderr } = await s.likerctl(['version'], { env: { LIKER_RUNTIME: 'deno' } });
  assert.deepEqual([code, stderr], [125, 'likerctl: Cannot use LIKER_RUNTIME=deno: give bun or node\n']);
});

test('nothing in the environment or the working directory changes what runs', { skip }, async () => {
  const cwd = s.folder('bun');
  writeFileSync(join(cwd, '.env'), 'LIKER_WIRE=none\n');
  writeFileSync(join(cwd, 'bunfig.toml'), 'preload = ["./other.ts"]\n');
  writeFileSync(join(cwd, 'other.ts'), 'console.log("other"); process.exit(3);\n');
  const env = { BUN_BE_BUN: '1', BUN_OPTIONS: '--preload ./other.ts' };
  const { code, stdout, stderr } = await s.likerctl(['ps', '-aq'], { cwd, env });
  assert.deepEqual([code, stdout, stderr], [0, '', '']);
});

test('ps works in a directory that was deleted', { skip }, async () => {
  const command = `mkdir gone && cd gone && rmdir ../gone && exec ${program} ps -aq`;
  assert.equal(
    execFileSync('bash', ['-c', command], {
      cwd: s.folder('deleted'),
      env: environment(s.daemon),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
    '',
  );
});

const ids = Array.from({ length: 20_000 }, (_, index) => index.toString(16).padStart(64, '0'));
const handlers = { unary: { ListContainers: () => ({ containers: ids.map((id) => ({ id })) }) } };

function list(socketPath: string, runtime = '') {
  const env = { LIKER_HOST: `unix://${socketPath}`, LIKER_RUNTIME: runtime };
  return s.likerctl(['ps', '-aq', '--no-trunc'], { env });
}

test('an answer of several megabytes is whole', { skip }, async () => {
  await using server = new FakeServer();
  await server.listen(handlers);
  const { code, stdout, stderr } = await list(server.socketPath);
  assert.deepEqual([code, stderr], [0, '']);
  assert.deepEqual(stdout.trimEnd().split('\n'), ids);
});

test('a call that loses its daemon is made again', { skip }, async () => {
  await using server = new FakeServer();
  const mute = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      mute.close(() => void server.listen(handlers));
      socket.destroy();
    });
  });
  await new Promise<void>((resolve) => mute.listen(server.socketPath, resolve));
  const { code, stdout } = await list(server.socketPath);
  assert.deepEqual([code, stdout.split('\n').length], [0, ids.length + 1]);
});

test('why there is no connection is told as with Node.js', { skip }, async () => {
  const folder = s.folder('nobody');
  const file = join(folder, 'file');
  writeFileSync(file, '');
  for (const path of [folder, file, join(folder, 'none')]) {
    const [onBun, onNode] = await Promise.all([list(path), list(path, 'node')]);
    assert.deepEqual(onBun, onNode);
    assert.match(onBun.stderr, /no daemon is listening there/);
  }
});
