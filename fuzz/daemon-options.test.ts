import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseMetricsAddress } from '../daemon/host/metrics-address.ts';
import { type DaemonOptions, parseOptions } from '../daemon/host/options.ts';
import { parseUsernsPool } from '../daemon/host/userns-pool.ts';
import { holds, holdsLater, inherited, textOf } from './property.ts';

function isFault(error: Error): boolean {
  return [TypeError, RangeError, assert.AssertionError].some((kind) => error instanceof kind);
}

/** What the user is told; undefined: it was accepted. A fault of the parser is thrown. */
async function refused(run: () => unknown): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    if (!(error instanceof Error) || isFault(error)) throw error;
    assert.match(error.message, /^\S/);
    assert.doesNotMatch(error.message, /\.ts:\d+|node:internal|=>/, 'it tells nothing of the source');
    return error.message;
  }
}

const names = [
  ...[
    'root',
    'run',
    'socket',
    'cgroup',
    'stop-containers-on-exit',
    'log-level',
    'log-format',
    'metrics-addr',
  ],
  ...['userns-default', 'userns-pool', 'ready-fd', 'no-root', 'r', 'root.a', 'stopContainersOnExit', ''],
  ...inherited,
];
const value = textOf(
  '/a',
  'auto',
  'debug',
  'json',
  '9464',
  'unix:',
  '600000-700000',
  ',',
  '=',
  '-',
  '[::1]:1',
);
const option = fc.oneof(
  fc.tuple(fc.constantFrom(...names), value).map(([name, text]) => [`--${name}=${text}`]),
  fc.tuple(fc.constantFrom(...names), value).map(([name, text]) => [`--${name}`, text]),
  fc
    .tuple(fc.constantFrom(...names), fc.constantFrom('', '-', '.'))
    .map(([name, tail]) => [`--${name}${tail}`]),
  value.map((text) => [text]),
);
const environment = fc.dictionary(fc.constantFrom('LIKER_ROOT', 'LIKER_RUN', 'LIKER_HOST'), value);

function check({ root, run, socket, cgroup, readyFd, ...others }: DaemonOptions): void {
  for (const path of [root, run, socket, cgroup ?? '/']) assert.ok(path.startsWith('/'), path);
  assert.ok(readyFd === null || Number.isInteger(readyFd));
  assert.equal(typeof others.stopContainersOnExit, 'boolean');
  assert.ok(['text', 'json'].includes(others.logFormat) && typeof others.logLevel === 'string');
}

test('options of likerd', async () => {
  await holdsLater(
    fc.tuple(fc.array(option, { maxLength: 3 }), environment),
    async ([options, env]) => {
      await refused(async () => {
        const parsed = await parseOptions(options.flat(), env, '1.2.3');
        if (parsed !== null) check(parsed);
      });
    },
    300,
  );
});

test('a pool of ids, and where metrics are served', async () => {
  await holdsLater(textOf('600000', '-', ':', '665535', '65536', '0', '4294967295'), async (text) => {
    const why = await refused(() => {
      const { start, count } = parseUsernsPool(text);
      assert.ok(start > 0 && count >= 65_536 && start + count <= 2 ** 32 - 1);
    });
    if (why !== undefined) assert.ok(why.startsWith('Invalid --userns-pool '));
  });
  await holdsLater(textOf('9464', ':', '127.0.0.1', '[', '::1', ']', 'unix:', '/a', 'host'), async (text) => {
    const why = await refused(() => {
      const address = parseMetricsAddress(text);
      assert.ok(address.kind === 'unix' ? address.path.startsWith('/') : address.port <= 65_535);
    });
    if (why !== undefined) assert.ok(why.startsWith('Invalid --metrics-addr '));
  });
  holds(fc.nat(65_535), (port) => {
    assert.deepEqual(parseMetricsAddress(String(port)), { kind: 'tcp', host: '127.0.0.1', port });
    assert.deepEqual(parseMetricsAddress(`[::1]:${port}`), { kind: 'tcp', host: '::1', port });
  });
});
