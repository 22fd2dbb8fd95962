// Proves the API with a client in another language that is generated from the published .proto files alone (client.py).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { type Daemon, repository, startDaemon } from '../harness/daemon.ts';
import { buildRootfs } from '../harness/rootfs.ts';
import { missingForPython, python } from './missing.ts';

let daemon: Daemon | undefined;
after(() => daemon?.destroy());

test('a Python client with generated stubs', { skip: missingForPython(), timeout: 300_000 }, async (t) => {
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
