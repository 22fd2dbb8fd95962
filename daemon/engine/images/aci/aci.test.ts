import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromAci } from './configuration.ts';
import { parseAciManifest } from './manifest.ts';
import { parseQuantity } from './quantity.ts';

const whole = {
  acKind: 'ImageManifest',
  acVersion: '0.8.11',
  name: 'example.com/reduce-worker',
  labels: [
    { name: 'version', value: '1.0.0+build' },
    { name: 'arch', value: 'i386' },
    { name: 'os', value: 'linux' },
    { name: 'env', value: 'canary' },
  ],
  app: {
    exec: ['/usr/bin/reduce-worker', '--quiet'],
    user: '100',
    group: '300',
    workingDirectory: '/opt/work',
    environment: [{ name: 'DEBUG', value: 'true' }],
    eventHandlers: [{ exec: ['/x'], name: 'pre-start' }],
    isolators: [
      { name: 'resource/cpu', value: { request: '250m', limit: '500m' } },
      { name: 'resource/memory', value: { request: '1G', limit: '2Gi' } },
      { name: 'os/linux/capabilities-retain-set', value: { set: ['CAP_CHOWN', 'CAP_SETUID'] } },
      { name: 'os/linux/no-new-privileges', value: true },
      { name: 'resource/block-iops', value: { default: true, limit: '1000' } },
    ],
    mountPoints: [{ name: 'work', path: '/var/lib/work', readOnly: true }],
    ports: [
      { name: 'health', port: 4000, protocol: 'tcp', socketActivated: true },
      { name: 'data', port: 20000, count: 10, protocol: 'udp' },
    ],
  },
  annotations: [
    { name: 'authors', value: 'Carly' },
    { name: 'homepage', value: 'https://example.com' },
  ],
};

const parse = (manifest: object) =>
  fromAci(parseAciManifest(Buffer.from(JSON.stringify(manifest))), { needsName: true });

test('a manifest is said in the words of a configuration, with what is lost', () => {
  assert.deepEqual(parse(whole), {
    name: 'example.com/reduce-worker:1.0.0_build',
    platform: { os: 'linux', architecture: '386', variant: '' },
    author: 'Carly',
    config: {
      Cmd: ['/usr/bin/reduce-worker', '--quiet'],
      User: '100:300',
      WorkingDir: '/opt/work',
      Env: ['DEBUG=true', 'AC_APP_NAME=reduce-worker'],
      Volumes: { '/var/lib/work': {} },
      ExposedPorts: { '4000/tcp': {}, '20000-20009/udp': {} },
      Labels: {
        env: 'canary',
        'org.opencontainers.image.authors': 'Carly',
        'org.opencontainers.image.url': 'https://example.com',
        'dev.liker.default.memory': '2147483648',
        'dev.liker.default.memory-reservation': '1000000000',
        'dev.liker.default.cpus': '0.5',
        'dev.liker.default.cpu-shares': '256',
        'dev.liker.default.cap-drop':
          'AUDIT_WRITE,DAC_OVERRIDE,FSETID,FOWNER,KILL,MKNOD,NET_RAW,NET_BIND_SERVICE,SETGID,SETPCAP,SETFCAP,SYS_CHROOT',
        'dev.liker.default.no-new-privileges': 'true',
      },
    },
    warnings: [
      'The isolator resource/block-iops is left out: an image cannot ask for it here',
      'The event handler pre-start is left out: it is never run',
      'Port 4000/tcp is not opened for it: there is no socket activation',
      'The mount point /var/lib/work can be written to, unless a mount of its own says otherwise',
    ],
  });
});

test('an image without an app, labels and annotations is only its files', () => {
  const { name, config, warnings } = parse({ acKind: 'ImageManifest', acVersion: '0.8.11', name: 'base' });
  assert.deepEqual([name, config, warnings], ['docker.io/library/base:latest', {}, []]);
});

test('no isolator gives more than a container has', () => {
  const isolators = [{ name: 'os/linux/capabilities-retain-set', value: { set: ['CAP_SYS_ADMIN'] } }];
  const { config, warnings } = parse({
    ...whole,
    labels: [],
    annotations: [],
    app: { ...whole.app, isolators },
  });
  assert.equal(config['Labels'], undefined);
  assert.match(warnings[0] ?? '', /capabilities-retain-set is left out/);
});

test('what cannot be used is refused, with the reason', () => {
  const { app } = whole;
  for (const [change, message] of [
    [{ acKind: 'PodManifest' }, /acKind/],
    [{ dependencies: [{ imageName: 'example.com/base' }] }, /together with those of 'example.com\/base'/],
    [{ pathWhitelist: ['/etc'] }, /pathWhitelist/],
    [{ name: 'example.com/~user/app' }, /give another with likerctl import/],
    [{ app: { ...app, exec: [] } }, /exec/],
    [{ app: { ...app, user: '/usr/bin/ping' } }, /owner of a file/],
    [{ app: { ...app, workingDirectory: 'opt' } }, /workingDirectory/],
    [{ app: { ...app, ports: [{ name: 'x', protocol: 'tcp', port: 0 }] } }, /port/],
  ] as const)
    assert.throws(() => parse({ ...whole, ...change }), { reason: 'BAD_IMAGE', message });
});

test('quantities are those of the specification', () => {
  for (const [text, value] of [
    ['128974848', 128974848],
    ['125952Ki', 128974848],
    ['123Mi', 128974848],
    ['2G', 2e9],
    ['0.3', 0.3],
    ['300m', 0.3],
    ['1k', null],
    ['-1', null],
    ['', null],
  ] as const)
    assert.equal(parseQuantity(text), value, text);
});
