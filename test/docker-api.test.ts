// Docker's own command, unchanged, at likerd's socket for it.
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { boxImage, dockerSuite } from './harness/docker-client.ts';
import { requiresProgram } from './harness/requires.ts';
import { until } from './harness/until.ts';

const needs = requiresProgram('docker', 'busybox');
const s = dockerSuite();
const run = (...command: string[]) => s.docker(['run', '--rm', boxImage, ...command]);

test('version and info', needs, async () => {
  assert.match(
    await s.dockerOk(['version', '--format', '{{.Server.Version}} {{.Server.Platform.Name}}']),
    /^\d+\.\d+\.\d+ Liker$/,
  );
  assert.equal(
    await s.dockerOk(['info', '--format', '{{.OSType}} {{.Swarm.LocalNodeState}}']),
    'linux inactive',
  );
});

test('the socket has the rights of that of Liker', needs, () => {
  const rights = (path: string) => {
    const { mode, uid, gid } = statSync(path);
    return { mode, uid, gid };
  };
  assert.deepEqual(rights(s.dockerSocket), rights(s.daemon.socket));
});

test('run: output, exit codes, and errors with the words that the command looks for', needs, async () => {
  const { code, stdout, stderr } = await run('sh', '-c', 'echo out; echo err >&2; exit 7');
  assert.deepEqual({ code, stdout, stderr }, { code: 7, stdout: 'out\n', stderr: 'err\n' });
  assert.equal((await run('nosuch')).code, 127);
  assert.equal((await run('/etc/passwd')).code, 126);
  assert.equal((await run('sh', '-c', 'kill -9 $$')).code, 137);
  assert.equal((await s.docker(['run', '--rm', '--name', 'bad name', boxImage])).code, 125);
  assert.equal(await s.dockerOk(['ps', '-aq']), '', 'all are removed');
});

test('stdin is whole, and its end is seen', needs, async () => {
  const input = 'line\n'.repeat(200_000);
  assert.equal(await s.dockerOk(['run', '--rm', '-i', boxImage, 'wc', '-c'], input), String(input.length));
});

test('output is whole, of many at once, too', needs, async () => {
  const counts = await Promise.all(
    Array.from({ length: 20 }, () =>
      run('sh', '-c', 'seq 20000; seq 5 >&2').then(({ stdout, stderr }) => [stdout.length, stderr]),
    ),
  );
  for (const each of counts) assert.deepEqual(each, [108_894, '1\n2\n3\n4\n5\n']);
});

test('a terminal: its output is sent as it is, and has the size that was asked for', needs, async () => {
  const answer = await s.call('POST', '/containers/create', {
    ...{ Image: boxImage, Cmd: ['stty', 'size'], Tty: true },
    HostConfig: { ConsoleSize: [31, 97] },
  });
  const { Id } = answer.body as { Id: string };
  const attached = s.raw(
    `POST /v1.41/containers/${Id}/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`,
  );
  await until('it waits for its start', () => s.daemon.log.includes(`${Id}/attach status=OK`));
  assert.equal((await s.call('POST', `/containers/${Id}/start`)).status, 204);
  assert.match(await attached, /\r\n\r\n31 97\r\n$/);
  await s.dockerOk(['rm', Id]);
});

test('a container is the same from both doors', needs, async () => {
  const id = await s.dockerOk([
    'run',
    '-d',
    '--name',
    'web',
    '-l',
    'a=b',
    '-e',
    'X=1',
    '-v',
    'data:/data',
    boxImage,
    'sleep',
    '1000',
  ]);
  assert.equal(await s.ok(['ps', '-q', '--no-trunc']), id);
  assert.equal((await s.inspect('web')).Name, '/web');
  const facts =
    '{{.Name}} {{.State.Status}} {{.Config.Image}} {{index .Config.Labels "a"}} {{.Config.Labels.of}} {{(index .Mounts 0).Name}}';
  assert.equal(
    await s.dockerOk(['inspect', '--format', facts, 'web']),
    `/web running ${boxImage} b image data`,
  );
  assert.match(
    await s.dockerOk(['ps', '--format', '{{.Names}} {{.Status}}', '--filter', 'label=a']),
    /^web Up /,
  );
  const again = await s.docker(['run', '--name', 'web', boxImage]);
  assert.equal(again.code, 125);
  assert.match(again.stderr, /name "\/web" is already in use by container/);
  assert.match((await s.docker(['rm', 'web'])).stderr, /container is running/);
  await s.dockerOk(['rename', 'web', 'other']);
  await s.dockerOk(['pause', 'other']);
  assert.equal(await s.dockerOk(['ps', '-q', '--no-trunc', '--filter', 'status=paused']), id);
  await s.dockerOk(['unpause', 'other']);
  assert.equal(await s.dockerOk(['stop', '-t', '0', 'other']), 'other');
  assert.equal(await s.dockerOk(['wait', 'other']), '137');
  await s.ok(['rm', 'other']);
  assert.equal(await s.dockerOk(['ps', '-aq']), '');
  await s.ok(['volume', 'rm', 'data']);
});

test('exec: streams, exit codes, and a command that is not there', needs, async () => {
  await s.dockerOk(['run', '-d', '--name', 'web', '-e', 'OF=run', boxImage, 'sleep', '1000']);
  assert.equal(
    await s.dockerOk(['exec', '-e', 'B=2', '-w', '/tmp', 'web', 'sh', '-c', 'echo $OF $B $PWD']),
    'run 2 /tmp',
  );
  assert.equal((await s.docker(['exec', 'web', 'sh', '-c', 'exit 9'])).code, 9);
  assert.equal(await s.dockerOk(['exec', '-i', 'web', 'cat'], 'typed'), 'typed');
  assert.equal((await s.docker(['exec', 'web', 'nosuch'])).code, 127);
  await s.dockerOk(['exec', '-d', 'web', 'sh', '-c', 'echo done >/tmp/done']);
  await until(
    'the detached one has run',
    async () => (await s.docker(['exec', 'web', 'cat', '/tmp/done'])).code === 0,
  );
  await s.dockerOk(['rm', '-f', 'web']);
  assert.match((await s.docker(['exec', 'web', 'true'])).stderr, /No such container: web/);
});

test('a container is started again for who attaches anew; logs have both runs', needs, async () => {
  await s.dockerOk(['create', '--name', 'job', '-i', boxImage, 'sh', '-c', 'cat; echo err >&2']);
  assert.equal((await s.docker(['start', '-ai', 'job'], 'one\n')).stdout, 'one\n');
  assert.equal((await s.docker(['start', '-ai', 'job'], 'two\n')).stdout, 'two\n');
  const logs = await s.docker(['logs', 'job']);
  assert.deepEqual([logs.stdout, logs.stderr], ['one\ntwo\n', 'err\nerr\n']);
  assert.equal(await s.dockerOk(['logs', '-n', '1', 'job']), '');
  assert.match(await s.dockerOk(['logs', '-t', 'job']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z one\n/);
  await s.dockerOk(['rm', 'job']);
});

test('a client that follows the log has it to the end', needs, async () => {
  await s.dockerOk(['run', '-d', '--name', 'long', boxImage, 'sh', '-c', 'echo first; sleep 1000']);
  const followed = s.dockerOk(['logs', '-f', 'long']);
  await s.dockerOk(['kill', 'long']);
  assert.equal(await followed, 'first');
  await s.dockerOk(['rm', 'long']);
});

test('limits arrive', needs, async () => {
  await s.dockerOk([
    'run',
    '-d',
    '--name',
    'small',
    '-m',
    '64m',
    '--cpus',
    '0.5',
    '--pids-limit',
    '50',
    boxImage,
    'sleep',
    '1000',
  ]);
  const limits = '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}';
  assert.equal(await s.dockerOk(['inspect', '--format', limits, 'small']), '67108864 500000000 50');
  assert.equal((await s.inspect('small')).AppliedLimits.filter(({ Problem }) => Problem !== '').length, 0);
  await s.dockerOk(['rm', '-f', 'small']);
});

test('images: list, inspect, tag, history, remove', needs, async () => {
  await s.dockerOk(['tag', boxImage, 'more/box:2']);
  assert.equal(
    await s.dockerOk(['images', '--format', '{{.Repository}}:{{.Tag}}', 'more/box']),
    'more/box:2',
  );
  assert.equal(
    await s.dockerOk(['image', 'inspect', '--format', '{{.Os}} {{index .Config.Cmd 0}}', 'more/box:2']),
    'linux sh',
  );
  assert.equal(
    await s.dockerOk(['history', '-q', '--no-trunc', boxImage]),
    await s.dockerOk(['images', '-q', '--no-trunc', boxImage]),
  );
  assert.equal(await s.dockerOk(['rmi', 'more/box:2']), 'Untagged: more/box:2');
  // The client asks for each kind of object of that name, a plug-in last.
  assert.match((await s.docker(['inspect', 'nobody'])).stderr, /No such object: nobody/);
  assert.match((await s.docker(['image', 'inspect', 'more/box:2'])).stderr, /No such image: more\/box:2/);
});

test('an image for another platform is not there', needs, async () => {
  const create = (platform: string) =>
    s.call('POST', `/containers/create?platform=${platform}`, { Image: boxImage, Cmd: ['true'] });
  const here = await s.dockerOk(['image', 'inspect', '--format', '{{.Os}}/{{.Architecture}}', boxImage]);
  const other = await create('linux/s390x');
  assert.equal(other.status, 404);
  assert.match(
    JSON.stringify(other.body),
    /No such image: .* for linux\/s390x; the one that is here is for /,
  );
  const made = await create(here);
  assert.equal(made.status, 201);
  await s.dockerOk(['rm', (made.body as { Id: string }).Id]);
});

test('kill -9 of likerd ends the connection, and not the container', needs, async () => {
  await s.dockerOk(['run', '-d', '--name', 'stays', boxImage, 'sleep', '1000']);
  const followed = s.docker(['logs', '-f', 'stays']);
  await until('its log is followed', () => s.daemon.log.includes('/logs'));
  await s.daemon.kill9();
  await followed;
  await s.daemon.start();
  assert.equal(await s.dockerOk(['ps', '--format', '{{.Names}}']), 'stays');
  await s.dockerOk(['rm', '-f', 'stays']);
});

test('a client that was attached when likerd was killed holds up no removal', needs, async () => {
  await s.dockerOk(['run', '-d', '--name', 'held', boxImage, 'sleep', '1000']);
  const attached = s.docker(['attach', 'held']);
  await until('it is attached', async () => (await s.inspect('held')).AttachedClients === 1);
  await s.daemon.kill9();
  await attached;
  await s.daemon.start();
  const began = performance.now();
  await s.dockerOk(['rm', '-f', 'held']);
  // A client of likerctl's would have ten seconds to come back; Docker's never do.
  assert.ok(performance.now() - began < 8000);
});

test('what there is not answers with a sentence', needs, async () => {
  assert.match((await s.docker(['swarm', 'init'])).stderr, /not a swarm manager/);
  const build = await s.call('POST', '/v1.41/build', {});
  assert.equal(build.status, 501);
  assert.match((build.body as { message: string }).message, /builds no images/);
});
