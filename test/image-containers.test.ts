// Containers from images: each field of a configuration by its effect, in both user-namespace modes; many layers; what keeps an image.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { busyboxFolder, type ImageParts, imageArchive } from './harness/image.ts';
import { suite } from './harness/suite.ts';
import { hangMs, until } from './harness/until.ts';
import { modes } from './hostile/modes.ts';

const s = suite();
const busybox = (name: string) => busyboxFolder(join(s.folder('roots'), name));
let base: ReturnType<typeof busybox> | null = null;

/** Loads an image with busybox and these layers above it. Answers its name. */
async function load(name: string, config: object, layers: ImageParts['layers'] = []): Promise<string> {
  base ??= busybox('base');
  const archive = imageArchive(s.folder('images'), { name, config, layers: [base, ...layers] });
  // Hundreds of layers, in a slow machine.
  await s.ok(['load', '-q', '-i', archive], { hangMs: 4 * hangMs });
  return name;
}

/** All but the first of so many layers, each with a file of its own and one that hides the last one's. The same for each number. */
function layersOf(count: number): ImageParts['layers'] {
  return Array.from({ length: count - 1 }, (_, index) => ({ [`l/${index}`]: '', top: `${index + 2}\n` }));
}

for (const { userns, flags: mode } of modes)
  describe(`--userns ${userns}`, () => {
    const of = (...args: string[]) => ['run', '--rm', ...mode, ...args];
    const name = `local/config:${userns}`;
    const config = {
      Env: ['PATH=/bin', 'FROM_IMAGE=1', 'BOTH=image'],
      Entrypoint: ['/bin/sh', '-c'],
      Cmd: ['echo $FROM_IMAGE $BOTH; id; pwd; stat -c "%u %g %a" .; cat /top'],
      User: 'web:www',
      WorkingDir: '/srv/made',
      Volumes: { '/data': {} },
    };

    before(() => load(name, config, [{ top: 'lower\n', 'data/f': 'of the image\n' }, { top: 'upper\n' }]));

    test('variables, entrypoint, command, user and folder', async () => {
      const id = 'uid=33(web) gid=44(www) groups=44(www)';
      const folder = '/srv/made\n0 0 755';
      assert.equal(await s.ok(of(name)), `1 image\n${id}\n${folder}\nupper`);
      const script = 'echo $FROM_IMAGE $BOTH; id -u; pwd';
      const flags = ['-e', 'BOTH=flag', '-u', '0', '-w', '/tmp'];
      assert.equal(await s.ok(of(...flags, name, script)), '1 flag\n0\n/tmp');
      assert.equal(await s.ok(of('--entrypoint', 'echo', name, 'a', 'b')), 'a b');
      assert.equal(await s.ok(of('--entrypoint', '', name, 'echo', 'c')), 'c');
      const { code, stderr } = await s.likerctl(of('--entrypoint', '', name));
      assert.deepEqual([code, /give the program to execute/.test(stderr)], [125, true]);
    });

    test('a volume begins with what the image has there, and goes with the container', async () => {
      const script = 'cat /data/f; grep -c " /data " /proc/self/mountinfo';
      assert.equal(await s.ok(of('-u', '0', name, script)), 'of the image\n1');
      assert.equal(await s.ok(['volume', 'ls', '-q']), '');
      assert.equal(await s.ok(of('-u', '0', '--tmpfs', '/data', name, 'ls /data')), '');
    });

    test('a layer whose root is opaque hides all layers below it', async () => {
      const whole = busybox(`opaque-${userns}`);
      writeFileSync(join(whole.folder, '.wh..wh..opq'), '');
      const below = [{ 'low/f': '', top: 'lower\n' }];
      const opaque = await load(`local/opaque:${userns}`, {}, [...below, whole, { 'high/f': '' }]);
      const script = 'cd /; ls -d low top high 2>&1 >/dev/null | wc -l; ls high; mkdir low && ls -A low';
      assert.equal(await s.ok(of(opaque, 'sh', '-c', script)), '2\nf');
    });

    for (const count of [60, 128, 300, 500])
      test(`${count} layers`, async () => {
        const many = await load(`local/many:${count}`, {}, layersOf(count));
        const script = `cat /top; ls /l | wc -l; echo x >/l/0 && cat /l/0`;
        assert.equal(await s.ok(of(many, 'sh', '-c', script)), `${count}\n${count - 1}\nx`);
      });
  });

test('an image of more layers than the kernel mounts is refused', async () => {
  const name = await load('local/many:501', {}, layersOf(501));
  const { code, stderr } = await s.likerctl(['run', '--rm', name, 'true']);
  assert.deepEqual(
    [code, /it has 501 layers, and an overlay has at most 500/.test(stderr)],
    [125, true],
    stderr,
  );
});

test('a commit on as many layers as the kernel mounts has one with all files, and runs', async () => {
  const below = await load('local/many:500', {}, layersOf(500));
  const id = await s.ok(['create', below, 'sh', '-c', 'rm /top; echo x >/new']);
  await s.ok(['start', '-a', id]);
  const above = await s.ok(['commit', id, 'local/above:1']);
  await s.ok(['rm', id]);
  const script = 'ls /top 2>/dev/null; cat /new; ls /l | wc -l';
  assert.equal(await s.ok(['run', '--rm', above, 'sh', '-c', script]), 'x\n499');
  assert.equal(await s.ok(['image', 'inspect', '-f', '{{len .RootFS.Layers}}', above]), '1');
});

test('an image without layers is refused', async () => {
  const archive = imageArchive(s.folder('images'), {
    name: 'local/none:1',
    config: { Cmd: ['true'] },
    layers: [],
  });
  // Hundreds of layers, in a slow machine.
  await s.ok(['load', '-q', '-i', archive], { hangMs: 4 * hangMs });
  const { code, stderr } = await s.likerctl(['run', '--rm', 'local/none:1']);
  assert.deepEqual([code, /'local\/none:1': it has no layers/.test(stderr)], [125, true], stderr);
});

test('labels, ports, the stop signal and the health check', async () => {
  const script = 'trap "echo asked; exit 5" USR1; touch /ready; while :; do sleep 0.1; done';
  const parent = await load('local/parent:1', {});
  const name = await load('local/service:1', {
    Cmd: ['sh', '-c', script],
    Labels: { of: 'image', both: 'image' },
    ExposedPorts: { '80/tcp': {}, '53/udp': {} },
    StopSignal: 'SIGUSR1',
    Shell: ['/bin/busybox', 'ash', '-c'],
    Healthcheck: { Test: ['CMD-SHELL', 'test -e /ready'], Interval: 1e8, Retries: 2 },
  });
  const id = await s.ok(['run', '-d', '--label', 'both=flag', name]);
  await until(
    'it is healthy',
    async () => (await s.ok(['inspect', '-f', '{{.State.Health.Status}}', id])) === 'healthy',
  );
  const format = '{{json .Config.Labels}} {{json .Config.ExposedPorts}} {{.Config.Image}}';
  assert.equal(
    await s.ok(['inspect', '-f', format, id]),
    `{"both":"flag","of":"image"} {"53/udp":{},"80/tcp":{}} ${name}`,
  );
  for (const filter of [
    `ancestor=${name}`,
    `ancestor=${parent}`,
    'label=of=image',
    'expose=80',
    'expose=53/udp',
  ])
    assert.equal(await s.ok(['ps', '-q', '--no-trunc', '--filter', filter]), id, filter);
  await s.ok(['stop', id]);
  assert.equal(await s.ok(['inspect', '-f', '{{.State.ExitCode}}', id]), '5');
  assert.equal(await s.ok(['logs', id]), 'asked');
  await s.ok(['rm', id]);
  const off = await s.ok(['create', '--no-healthcheck', name]);
  assert.doesNotMatch(await s.ok(['inspect', '-f', '{{json .Config}}', off]), /Healthcheck/);
  await s.ok(['rm', off]);
});

test('an init of the image is pid 1 without a flag; another program is not', async () => {
  // A copy of the shell in the role of an init: what matters is the name of its file.
  const name = await load('local/init:1', {}, [{ init: '#!/bin/sh\necho $$ "$@"\n' }]);
  assert.equal(await s.ok(['run', '--rm', name, '/init', 'x']), '1 x');
  assert.notEqual(await s.ok(['run', '--rm', '--init', name, '/init']), '1');
  assert.equal(await s.ok(['run', '--rm', '--init=false', name, 'sh', '-c', 'echo $$']), '1');
  assert.notEqual(await s.ok(['run', '--rm', name, 'sh', '-c', 'echo $$']), '1');
});

test('explain and --dry-run show the layers, and make nothing', async () => {
  const name = await load('local/explained:1', { Cmd: ['true'] }, [{ f: '' }]);
  const text = await s.ok(['run', '--dry-run', name]);
  assert.equal(new Set(text.match(/sha256-[0-9a-f]{64}/g)).size, 2, text);
  assert.equal(await s.ok(['ps', '-aq', '--filter', `ancestor=${name}`]), '');
});

test('a container keeps its image, over a killed likerd, too', async () => {
  const name = await load('local/kept:1', { Cmd: ['sh', '-c', 'cat /kept; exec sleep 1000'] }, [
    { kept: 'here\n' },
  ]);
  const id = await s.ok(['run', '-d', name]);
  const created = await s.ok(['create', name]);
  await s.daemon.stop('SIGKILL');
  await s.daemon.restart();
  assert.match((await s.likerctl(['rmi', name])).stderr, /\S/);
  assert.equal(await s.ok(['exec', id, 'cat', '/kept']), 'here');
  await s.ok(['start', created]);
  await s.ok(['restart', '-t', '0', id]);
  for (const one of [id, created])
    await until('it has read its file', async () => (await s.ok(['logs', one])).startsWith('here'));
  await s.ok(['rm', '-f', id, created]);
  await s.ok(['rmi', name]);
  assert.equal((await s.likerctl(['run', '--pull', 'never', name])).code, 125);
});

test('an image that is nowhere: exit code 125, and the reason', async () => {
  const { code, stderr, stdout } = await s.likerctl(['run', '--pull', 'never', 'no/such:1']);
  assert.deepEqual([code, stdout], [125, '']);
  assert.match(stderr, /No such image: 'no\/such:1'/);
});

// likerctl may learn only from this call that an image has to be pulled, and then makes the call again.
test('a run of an image that is nowhere changes nothing, not even with --replace', async () => {
  const kept = await s.ok(['create', '--name', 'kept', s.rootfs, 'true']);
  const happened = async () => (await s.ok(['events', '--since', '1', '--until', '0s'])).split('\n').length;
  const before = await happened();
  const { code } = await s.likerctl(['run', '--pull', 'never', '--replace', '--name', 'kept', 'no/such:1']);
  assert.equal(code, 125);
  assert.equal(await happened(), before);
  assert.equal(await s.ok(['ps', '-aq', '--no-trunc', '--filter', 'name=kept']), kept);
  await s.ok(['rm', kept]);
});
