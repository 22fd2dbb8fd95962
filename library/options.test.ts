import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LikerError } from '../common/errors.ts';
import { type ContainerOptions, containerSpec, egressPolicy } from './options.ts';

const badArgument = (error: unknown) => error instanceof LikerError && error.reason === 'BAD_ARGUMENT';

test('words become fields of the API', () => {
  const spec = containerSpec({
    image: 'debian',
    cmd: ['true'],
    env: { A: 'b=c' },
    limits: { memory: '64m', cpus: 0.5, pids: 9 },
    network: ['front', 'back'],
    ports: [80, { port: 53, hostPort: 5300, protocol: 'udp', hostAddress: '127.0.0.1' }],
    mounts: [
      { volume: 'data', target: '/data' },
      { bind: '/src', target: '/src', readOnly: true },
      { tmpfs: true, target: '/tmp' },
    ],
  });
  assert.deepEqual(spec.rootfs, { image: 'debian' });
  assert.deepEqual(spec.process?.env, ['A=b=c']);
  assert.deepEqual(spec.resources, {
    memory: { maxBytes: 64 << 20 },
    cpu: { quotaUs: 50_000, periodUs: 100_000 },
    pids: { max: 9 },
  });
  assert.deepEqual(spec.networks, [{ network: 'front' }, { network: 'back' }]);
  assert.deepEqual(spec.ports, [
    { containerPort: 80, hostPort: 0, hostAddress: '', protocol: 'tcp' },
    { containerPort: 53, hostPort: 5300, hostAddress: '127.0.0.1', protocol: 'udp' },
  ]);
  assert.deepEqual(spec.mounts, [
    { type: 'TYPE_VOLUME', source: 'data', target: '/data', readOnly: false },
    { type: 'TYPE_BIND', source: '/src', target: '/src', readOnly: true },
    { type: 'TYPE_TMPFS', target: '/tmp', readOnly: false },
  ]);
});

test('a mode of the network is no network, and spec has the last word', () => {
  const spec = containerSpec({ directory: '/', network: 'none', spec: { hostname: 'web', readOnly: true } });
  assert.deepEqual(spec.namespaces, { network: 'none' });
  assert.deepEqual(spec.networks, []);
  assert.deepEqual([spec.hostname, spec.readOnly], ['web', true]);
});

test('what a container may reach', () => {
  assert.deepEqual(egressPolicy('none'), { mode: 'MODE_NONE' });
  assert.deepEqual(egressPolicy('all'), { mode: 'MODE_ALL' });
  assert.deepEqual(egressPolicy(['example.org:443']), { mode: 'MODE_ALLOW', rules: ['example.org:443'] });
});

const refused: readonly ContainerOptions[] = [
  {},
  { image: 'debian', directory: '/' },
  { image: 'debian', limits: { memory: '64x' } },
  { image: 'debian', limits: { cpus: 0 } },
];
for (const options of refused)
  test(`${JSON.stringify(options)} is refused`, () =>
    assert.throws(() => containerSpec(options), badArgument));
