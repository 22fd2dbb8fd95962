// Sessions whose bytes do not pass through likerd (docs/adr/0050).
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { connectedTo } from './harness/direct.ts';
import type { Running } from './harness/likerctl.ts';
import { isAlive, residentBytes } from './harness/proc.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

const s = suite();

const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

function start(flags: readonly string[], command: readonly string[]): Running {
  return s.start(['run', '--rm', ...flags, s.rootfs, ...command], {
    stdin: 'open',
    env: { LIKER_BYTES: 'direct' },
  });
}

const shimOf = async (name: string) => (await s.inspect(name)).State.ShimPid;

/** Its client has found the next likerd, which knows the end of the process. */
async function back(name: string): Promise<void> {
  await until('the client to come back', async () => (await s.inspect(name)).AttachedClients === 1);
}

async function written({ child }: Running, bytes: Buffer): Promise<void> {
  if (!child.stdin.write(bytes)) await once(child.stdin, 'drain');
}

// One after the other, since most of them kill the daemon.
describe('a local session', { concurrency: 1 }, () => {
  test('does not notice that likerd is killed: keys, output and signals go on without one', async () => {
    const script = 'trap "echo usr1" USR1; while read line; do echo got $line; done; exit 6';
    const client = start(['-i', '--name', 'keeps-on'], ['bash', '-c', script]);
    client.write('one\n');
    await client.waitFor('got one');
    await connectedTo(await shimOf('keeps-on'));
    await s.daemon.kill9();
    client.write('two\n');
    await client.waitFor('got two');
    client.kill('SIGUSR1');
    await client.waitFor('usr1');
    await s.daemon.start();
    await back('keeps-on');
    client.write('three\n');
    client.closeStdin();
    const { code, stdout, stderr } = await client.outcome;
    assert.deepEqual([code, stdout, stderr], [6, 'got one\ngot two\nusr1\ngot three\n', '']);
  });

  test('loses and doubles no byte, either way, while likerd is killed again and again', async () => {
    const data = randomBytes(12 << 20);
    const client = start(['-i', '--name', 'cat', '--log-driver', 'none'], ['cat']);
    await until('the start', async () => (await s.inspect('cat')).State.Running);
    const atRest = residentBytes(await shimOf('cat'));
    const step = 1 << 20;
    let seen = 0;
    client.child.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.length;
    });
    const writing = (async () => {
      for (let at = 0; at < data.length; at += step) await written(client, data.subarray(at, at + step));
    })();
    for (let count = 0; count < 3; count++) {
      const before = seen;
      await until('some output', () => seen > before || seen === data.length || client.hasEnded);
      await s.daemon.kill9();
      await s.daemon.start();
    }
    await Promise.all([writing, back('cat')]);
    await until('all output', () => seen === data.length);
    const shim = await shimOf('cat');
    await connectedTo(shim);
    // What remains is the ring of stdout, which a client that attaches gets.
    await until('the shim to give its buffers back', () => residentBytes(shim) < atRest + (400 << 10));
    client.closeStdin();
    const { code, bytes } = await client.outcome;
    assert.deepEqual([code, bytes.length], [0, data.length]);
    assert.equal(sha(bytes), sha(data));
  });

  test('whose process ends while there is no likerd learns the end from the next one', async () => {
    const client = start(
      ['-i', '--name', 'ends'],
      ['bash', '-c', 'echo ready; read line; echo end >&2; exit 7'],
    );
    await client.waitFor('ready');
    await connectedTo(await shimOf('ends'));
    await s.daemon.kill9();
    client.write('x\n');
    await client.waitFor('end');
    await s.daemon.start();
    const { code, stderr } = await client.outcome;
    assert.equal(code, 7);
    assert.match(stderr, /^end\n/);
  });

  test('ends as on_disconnect says when its client is killed, also when there is no likerd then', async () => {
    for (const isAway of [false, true]) {
      const id = await s.detached([], ['sleep', '100000']);
      const client = s.start(
        ['exec', '-i', '--on-disconnect', 'kill', id, 'bash', '-c', 'echo $$; exec sleep 4242'],
        {
          stdin: 'open',
          env: { LIKER_BYTES: 'direct' },
        },
      );
      await client.waitFor(/\d/);
      await connectedTo(await shimOf(id));
      const pids = async () =>
        (await s.ok(['top', id])).split('\n').filter((line) => line.includes('sleep 4242'));
      assert.equal((await pids()).length, 1);
      if (isAway) await s.daemon.kill9();
      client.kill('SIGKILL');
      await client.outcome;
      if (isAway) await s.daemon.start();
      await until('the end of the process', async () => (await pids()).length === 0);
      await s.ok(['rm', '-f', id]);
    }
  });

  test('whose client is slow gets everything, and keeps nobody from removing its container', async () => {
    const size = 250_000;
    const client = start(
      ['-i', '--name', 'slow'],
      ['bash', '-c', `echo; read line; head -c ${size} /dev/zero; head -c ${size} /dev/zero >&2`],
    );
    await client.waitFor('\n');
    const shim = await shimOf('slow');
    await connectedTo(shim);
    client.child.stdout.pause();
    client.child.stderr.pause();
    client.write('go\n');
    await until('its removal', async () => (await s.likerctl(['inspect', 'slow'])).code !== 0);
    client.child.stdout.resume();
    client.child.stderr.resume();
    const { code, bytes, stderr } = await client.outcome;
    assert.deepEqual([code, bytes.length, stderr.length], [0, size + 1, size]);
    await until('the end of its shim', () => !isAlive(shim));
  });
});
