// Proves the API with a client in another language that is generated from the published .proto files alone (client.py).
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { type Daemon, repository, startDaemon } from '../harness/daemon.ts';
import { buildRootfs } from '../harness/rootfs.ts';

// Debian's interpreter, since another one in the PATH does not have the packages.
const python = '/usr/bin/python3';

/** Why the client cannot run here, or false. */
function missing(): string | false {
  if (spawnSync(python, ['-c', 'import grpc, google.protobuf']).status !== 0) return 'needs python3-grpcio';
  if (spawnSync('protoc', ['--version']).status !== 0) return 'needs protobuf-compiler';
  if (!existsSync('/usr/bin/grpc_python_plugin')) return 'needs protobuf-compiler-grpc';
  if (!existsSync('/usr/include/google/protobuf/timestamp.proto')) return 'needs libprotobuf-dev';
  return false;
}

let daemon: Daemon | undefined;
after(() => daemon?.destroy());

test('a Python client with generated stubs', { skip: missing(), timeout: 300_000 }, async (t) => {
  daemon = await startDaemon();
  const rootfs = await buildRootfs(daemon);
  const child = spawn(python, [join(import.meta.dirname, 'client.py'), daemon.socket, rootfs], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: `${repository}/node_modules/.bin:${process.env['PATH']}`, // buf
      HOME: process.env['HOME'],
    },
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [output, errors, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  const results = output.split(/^(?=ok |not ok )/m).filter((part) => /^(not )?ok /.test(part));
  assert.ok(results.length > 0, `no check was made: ${output}${errors}`);
  for (const result of results) {
    const [, name = '', trace = ''] = /^(?:not )?ok ([^\n]*)\n(.*)/s.exec(result) ?? [];
    await t.test(name, () => assert.ok(result.startsWith('ok '), trace));
  }
  assert.equal(status, 0, output.slice(-500) + errors);
  assert.deepEqual(await daemon.empty(), {}, 'nothing is left on the host');
});
