import assert from 'node:assert/strict';
import { test } from 'node:test';
import { check } from '../../../../common/schema.ts';
import { configurationSchema } from '../../images/model/configuration.ts';
import { withImageDefaults } from './image-defaults.ts';
import { type AskedSpec, withDefaults } from './spec.ts';

type Asked = Omit<Partial<AskedSpec>, 'process'> & { readonly process?: Partial<AskedSpec['process']> };

/** What becomes of a request with an image of this configuration. */
function merged(config: object, asked: Asked = {}) {
  const image = check(configurationSchema, { config, rootfs: {} }, 'test').config;
  const process = { args: [], ...asked.process };
  const rootfs = { kind: 'image', name: 'x' } as const;
  return withDefaults(withImageDefaults({ name: '', rootfs, ...asked, process }, image));
}

test("the command is the image's, or what is asked for, by Docker's rules", () => {
  const image = { Entrypoint: ['/entry', '-v'], Cmd: ['serve'] };
  for (const [config, entrypoint, args, wanted] of [
    [image, undefined, [], [['/entry', '-v'], ['serve']]],
    [
      image,
      undefined,
      ['other', '1'],
      [
        ['/entry', '-v'],
        ['other', '1'],
      ],
    ],
    // docker run --entrypoint sh IMAGE: the image's command was meant for its own entrypoint.
    [image, ['sh'], [], [['sh'], []]],
    [image, ['sh'], ['-c', 'x'], [['sh'], ['-c', 'x']]],
    // docker run --entrypoint= IMAGE CMD.
    [image, [], ['ls'], [[], ['ls']]],
    [image, [], [], [[], []]],
    [{ Cmd: ['bash'] }, undefined, [], [[], ['bash']]],
    [{ Cmd: ['bash'] }, undefined, ['ls'], [[], ['ls']]],
    [{ Entrypoint: ['/e'], Cmd: null }, undefined, [], [['/e'], []]],
    [{}, undefined, [], [[], []]],
  ] as const) {
    const spec = merged(config, { ...(entrypoint && { entrypoint }), process: { args } });
    assert.deepEqual(
      [spec.entrypoint, spec.process.args],
      wanted,
      JSON.stringify([config, entrypoint, args]),
    );
  }
});

test('variables, labels and ports of both; of one name what is asked for', () => {
  const Env = ['PATH=/image', 'LANG=C', 'A=b=c', 'MALFORMED', '=x', 'PATHS=1'];
  const { process } = merged({ Env }, { process: { env: ['PATH=/asked', 'NEW=', 'LANG=C.UTF-8'] } });
  assert.deepEqual(process.env, ['A=b=c', 'PATHS=1', 'PATH=/asked', 'NEW=', 'LANG=C.UTF-8']);
  const labels = { a: 'asked', b: '' };
  assert.deepEqual(merged({ Labels: { a: 'image', c: 'd' } }, { labels }).labels, {
    a: 'asked',
    b: '',
    c: 'd',
  });
  const ports = { ExposedPorts: { '80': {}, '53/udp': {}, '1-2/tcp': {}, 'http/tcp': {} } };
  assert.deepEqual(merged(ports, { exposedPorts: ['53/udp', '9/sctp'] }).exposedPorts.toSorted(), [
    '1-2/tcp',
    '53/udp',
    '80/tcp',
    '9/sctp',
  ]);
});

test('the user, the folder, the stop signal and its time, unless they are asked for', () => {
  const image = { User: 'web:www', WorkingDir: 'srv/app', StopSignal: 'SIGQUIT', StopTimeout: 7 };
  const of = ({ process, stopSignal, stopTimeoutSeconds }: ReturnType<typeof merged>) => [
    process.user,
    process.cwd,
    stopSignal,
    stopTimeoutSeconds,
  ];
  assert.deepEqual(of(merged(image)), ['web:www', '/srv/app', 3, 7]);
  const asked = { process: { user: '0', cwd: '/' }, stopSignal: 1, stopTimeoutSeconds: 0 };
  assert.deepEqual(of(merged(image, asked)), ['0', '/', 1, 0]);
  assert.deepEqual(of(merged({})), ['', '/', 15, 10]);
  assert.deepEqual(of(merged({ StopSignal: '37', WorkingDir: '/a/../b/' })), ['', '/b', 37, 10]);
  assert.throws(() => merged({ StopSignal: 'SIGNONE' }), { reason: 'BAD_ARGUMENT' });
});

test('volumes are absolute paths', () => {
  assert.deepEqual(merged({ Volumes: { '/data/': {}, 'var/lib': {} } }).imageVolumes, ['/data', '/var/lib']);
});

const second = 1e9;
const usual = {
  shell: '',
  args: [],
  intervalMs: 30_000,
  timeoutMs: 30_000,
  retries: 3,
  startPeriodMs: 0,
  startIntervalMs: 5_000,
  onFailure: 'none',
};

test('health checks are merged field by field', () => {
  const Healthcheck = {
    Test: ['CMD-SHELL', 'curl', '-f', 'x'],
    Interval: 5 * second,
    Timeout: second / 2,
    StartPeriod: 60 * second,
    StartInterval: 1,
    Retries: 9,
  };
  const shell = 'curl -f x';
  const image = { intervalMs: 5000, timeoutMs: 500, startPeriodMs: 60_000, startIntervalMs: 1, retries: 9 };
  for (const [config, asked, wanted] of [
    [{}, undefined, null],
    [{ Healthcheck: null }, undefined, null],
    [{ Healthcheck: { Test: [] } }, undefined, null],
    [{ Healthcheck: { Test: ['NONE'] } }, undefined, null],
    [{ Healthcheck: { Test: ['CMD'] } }, undefined, null],
    [{ Healthcheck: { Test: ['CMD', '/probe', '-q'] } }, undefined, { ...usual, args: ['/probe', '-q'] }],
    [{ Healthcheck }, undefined, { ...usual, shell, ...image }],
    [{ Healthcheck }, null, null],
    [{ Healthcheck }, { intervalMs: 1000 }, { ...usual, shell, ...image, intervalMs: 1000 }],
    [
      { Healthcheck },
      { shell: 'true', retries: 1, onFailure: 'kill' },
      { ...usual, shell: 'true', ...image, retries: 1, onFailure: 'kill' },
    ],
    [{ Healthcheck }, { args: ['/p'] }, { ...usual, args: ['/p'], ...image }],
    [{}, { shell: 'true' }, { ...usual, shell: 'true' }],
    [{ Healthcheck: { Test: ['NONE'] } }, { shell: 'true' }, { ...usual, shell: 'true' }],
    // Docker's SHELL is what CMD-SHELL means.
    [
      { Healthcheck: { Test: ['CMD-SHELL', 'a b'] }, Shell: ['/bin/ash', '-euc'] },
      undefined,
      { ...usual, args: ['/bin/ash', '-euc', 'a b'] },
    ],
    [{ Shell: ['/bin/ash', '-c'] }, { shell: 'x' }, { ...usual, args: ['/bin/ash', '-c', 'x'] }],
    [{ Shell: ['/bin/ash', '-c'] }, { args: ['x'] }, { ...usual, args: ['x'] }],
  ] as const) {
    const spec = merged(config, asked === undefined ? {} : { healthCheck: asked });
    assert.deepEqual(spec.healthCheck, wanted, JSON.stringify([config, asked]));
  }
});
