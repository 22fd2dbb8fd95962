import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DaemonOptions, parseOptions } from './options.ts';

function parse(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<DaemonOptions | null> {
  return parseOptions(args, env, '1.2.3');
}

test('default paths are where the system expects them', async () => {
  assert.deepEqual(await parse([]), {
    root: '/var/lib/liker',
    run: '/run/liker',
    socket: '/run/liker/liker.sock',
    dockerSocket: null,
    cgroup: null,
    stopContainersOnExit: false,
    logLevel: 'info',
    logFormat: 'text',
    metrics: null,
    usernsDefault: null,
    usernsPool: null,
    defaultNetwork: null,
    publishDefault: ['127.0.0.1', '::1'],
    cniConfig: '/etc/cni/net.d',
    cniPlugins: ['/opt/cni/bin', '/usr/lib/cni'],
    registries: null,
    shortNames: 'docker',
    keepBlobs: false,
    spareShims: 2,
    readyFd: null,
  });
});

test('the socket is in the run folder unless another one is given', async () => {
  assert.equal((await parse(['--run', '/r']))?.socket, '/r/liker.sock');
  assert.equal((await parse(['--run', '/r', '--socket', 'unix:///s/x.sock']))?.socket, '/s/x.sock');
  assert.equal((await parse([], { LIKER_RUN: '/e', LIKER_ROOT: '/d' }))?.socket, '/e/liker.sock');
  assert.equal((await parse([], { LIKER_RUN: '/e', LIKER_HOST: 'unix:/h.sock' }))?.socket, '/h.sock');
});

test('options are parsed', async () => {
  const args = [
    '--root=/d',
    '--stop-containers-on-exit',
    '--log-level',
    'debug',
    '--log-format',
    'json',
    '--userns-default',
    'auto',
    '--userns-pool',
    '600000:65536',
    '--short-names',
    'strict',
    '--registries',
    '/c',
    '--ready-fd',
    '0',
  ];
  const options = await parse(args, { LIKER_ROOT: '/other' });
  assert.equal(options?.root, '/d');
  assert.equal(options?.stopContainersOnExit, true);
  assert.equal(options?.logLevel, 'debug');
  assert.equal(options?.logFormat, 'json');
  assert.equal(options?.usernsDefault, 'auto');
  assert.deepEqual(options?.usernsPool, { start: 600_000, count: 65_536 });
  assert.equal(options?.registries, '/c');
  assert.equal(options?.shortNames, 'strict');
  assert.equal(options?.readyFd, 0);
});

test('an invalid option is reported in one line', async () => {
  const wrong: [args: string[], why: RegExp][] = [
    [['--rot', 'x'], /rot/],
    [['run'], /options only/],
    [['--root'], /root/],
    [['--root', 'relative'], /absolute path/],
    [['--no-root'], /no-root/],
    [['--root.a', '/x'], /root\.a/],
    [['--socket', 'tcp://host:1'], /absolute path/],
    [['--log-level', 'loud'], /log-level.*loud.*error/],
    [['--userns-default', 'keep-id'], /userns-default.*keep-id.*auto.*host/],
    [['--userns-pool', '5'], /userns-pool '5'/],
    [['--ready-fd', 'x'], /ready-fd/],
    [['--spare-shims', '-1'], /spare-shims: give a number from 0 to 64/],
    [['--spare-shims', '1.5'], /spare-shims/],
    [['--root', '/a', '--root', '/b'], /twice/],
  ];
  for (const [args, why] of wrong) {
    await assert.rejects(
      parse(args),
      (error: Error) => why.test(error.message) && !error.message.includes('\n'),
      args.join(' '),
    );
  }
});

test('--help and --version print their text and do nothing else', async (t) => {
  const printed = t.mock.method(console, 'log', () => {});
  assert.equal(await parse(['--version']), null);
  assert.equal(printed.mock.calls[0]?.arguments[0], '1.2.3');
  assert.equal(await parse(['--help']), null);
  assert.match(printed.mock.calls[1]?.arguments[0] as string, /--stop-containers-on-exit/);
});
