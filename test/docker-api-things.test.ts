// Docker's own command at likerd's socket for it: files, volumes, networks, images as archives, events and figures.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { boxImage, dockerSuite } from './harness/docker-client.ts';
import { DockerRegistry } from './harness/docker-registry.ts';
import { printed } from './harness/printed.ts';
import { requiresProgram } from './harness/requires.ts';
import { until } from './harness/until.ts';

const needs = requiresProgram('docker', 'busybox');
const s = dockerSuite();
const json = (text: string) => JSON.parse(text) as Record<string, unknown>;

test('cp: into a container that was never started, and out of one that runs', needs, async () => {
  const folder = s.folder('copy');
  mkdirSync(join(folder, 'in/sub'), { recursive: true });
  writeFileSync(join(folder, 'in/sub/file'), 'content\n');
  await s.dockerOk(['create', '--name', 'files', boxImage, 'sleep', '1000']);
  await s.dockerOk(['cp', join(folder, 'in'), 'files:/tmp/out']);
  await s.dockerOk(['start', 'files']);
  assert.equal(await s.dockerOk(['exec', 'files', 'cat', '/tmp/out/sub/file']), 'content');
  await s.dockerOk(['exec', 'files', 'ln', '-s', '/tmp/out', '/tmp/link']);
  await s.dockerOk(['cp', 'files:/tmp/out/sub', join(folder, 'back')]);
  assert.equal(readFileSync(join(folder, 'back/file'), 'utf8'), 'content\n');
  assert.match(
    (await s.docker(['cp', 'files:/nowhere', folder])).stderr,
    /Could not find the file \/nowhere in container files|No such container:path: files:\/nowhere/,
  );
  const { headers } = await s.call('HEAD', '/containers/files/archive?path=/tmp/link');
  const stat = json(Buffer.from(headers.get('x-docker-container-path-stat') ?? '', 'base64').toString());
  assert.deepEqual([stat['name'], stat['linkTarget'], stat['mode']], ['link', '/tmp/out', 2 ** 27 + 0o777]);
  assert.match(await s.dockerOk(['diff', 'files']), /^A \/tmp\/link$/m);
  await s.dockerOk(['export', '-o', join(folder, 'all.tar'), 'files']);
  assert.match(
    execFileSync('tar', ['-tf', join(folder, 'all.tar')], { encoding: 'utf8' }),
    /^tmp\/out\/sub\/file$/m,
  );
  await s.dockerOk(['rm', '-f', 'files']);
});

test('commit, save and load', needs, async () => {
  await s.dockerOk(['run', '--name', 'maker', boxImage, 'sh', '-c', 'echo made >/made']);
  const id = await s.dockerOk(['commit', '-c', 'CMD cat /made', 'maker', 'made:1']);
  assert.equal(await s.dockerOk(['run', '--rm', 'made:1']), 'made');
  const archive = join(s.folder('archives'), 'made.tar');
  await s.dockerOk(['save', '-o', archive, 'made:1']);
  await s.dockerOk(['rm', 'maker']);
  assert.match(await s.dockerOk(['rmi', 'made:1']), /^Untagged: made:1\nDeleted: sha256:/);
  assert.equal(await s.dockerOk(['load', '-i', archive]), 'Loaded image: made:1');
  assert.equal(await s.dockerOk(['images', '-q', '--no-trunc', 'made']), id);
  await s.dockerOk(['rmi', 'made:1']);
});

test('commit: what the body sets is in the image', needs, async () => {
  await s.dockerOk(['create', '--name', 'maker', boxImage]);
  const asked = { Labels: { 'a b': 'x "$y"' }, Cmd: ['echo', 'said'], Env: ['NEW=1 2'], WorkingDir: '/tmp' };
  assert.equal((await s.call('POST', '/commit?container=maker&repo=set&tag=1', asked)).status, 201);
  const facts = '{{json .Config.Labels}} {{json .Config.Cmd}} {{json .Config.Env}} {{.Config.WorkingDir}}';
  assert.equal(
    await s.dockerOk(['image', 'inspect', '--format', facts, 'set:1']),
    '{"a b":"x \\"$y\\"","of":"image"} ["echo","said"] ["PATH=/bin","OF=image","NEW=1 2"] /tmp',
  );
  await s.dockerOk(['rm', 'maker']);
  await s.dockerOk(['rmi', 'set:1']);
});

test('what a registry has of a name', requiresProgram('docker-registry', 'busybox'), async () => {
  await using registry = await DockerRegistry.start();
  const name = `${registry.host}/far/box:1`;
  await s.dockerOk(['tag', boxImage, name]);
  await s.dockerOk(['push', name]);
  const { status, body } = await s.call('GET', `/distribution/${name}/json`);
  assert.equal(status, 200);
  const { Descriptor, Platforms } = body as { Descriptor: Record<string, unknown>; Platforms: object[] };
  assert.match(String(Descriptor['digest']), /^sha256:/);
  assert.match(String(Descriptor['mediaType']), /manifest/);
  assert.ok(Number(Descriptor['size']) > 0);
  assert.deepEqual(Platforms, [{ architecture: process.arch === 'x64' ? 'amd64' : 'arm64', os: 'linux' }]);
  assert.equal((await s.call('GET', `/distribution/${registry.host}/no/such/json`)).status, 404);
  await s.dockerOk(['rmi', name]);
});

test('volumes', needs, async () => {
  await s.dockerOk(['volume', 'create', '--label', 'a=b', 'data']);
  assert.equal(await s.dockerOk(['volume', 'create', 'data']), 'data', 'it is there already');
  assert.equal(await s.dockerOk(['volume', 'ls', '-q', '--filter', 'label=a=b']), 'data');
  const path = await s.dockerOk(['volume', 'inspect', '--format', '{{.Mountpoint}}', 'data']);
  await s.dockerOk(['run', '--rm', '-v', 'data:/data', boxImage, 'touch', '/data/file']);
  assert.equal(readFileSync(join(path, 'file'), 'utf8'), '');
  await s.dockerOk(['create', '--name', 'user', '-v', 'data:/data', boxImage]);
  assert.match((await s.docker(['volume', 'rm', 'data'])).stderr, /in use/);
  await s.dockerOk(['rm', 'user']);
  await s.dockerOk(['volume', 'rm', 'data']);
  assert.match((await s.docker(['volume', 'inspect', 'data'])).stderr, /no such volume/i);
});

test('networks: made, listed, found and removed', needs, async () => {
  const { status, body } = await s.call('POST', '/networks/create', {
    ...{ Name: 'front', Labels: { a: 'b' }, IPAM: { Config: [{ Subnet: '10.123.0.0/24' }] } },
  });
  assert.equal(status, 201);
  const { Id } = body as { Id: string };
  assert.equal(await s.dockerOk(['network', 'ls', '-q', '--no-trunc', '--filter', 'label=a=b']), Id);
  const names = (await s.dockerOk(['network', 'ls', '--format', '{{.Name}}'])).split('\n');
  for (const name of ['bridge', 'host', 'none', 'front']) assert.ok(names.includes(name), name);
  const facts = '{{.Name}} {{.Driver}} {{.Scope}} {{(index .IPAM.Config 0).Subnet}}';
  assert.equal(
    await s.dockerOk(['network', 'inspect', '--format', facts, Id.slice(0, 12)]),
    'front bridge local 10.123.0.0/24',
  );
  assert.equal((await s.call('POST', '/networks/create', { Name: 'front' })).status, 409);
  assert.equal((await s.call('DELETE', '/networks/host')).status, 403);
  assert.equal(await s.dockerOk(['network', 'rm', 'front']), 'front');
  assert.match(
    (await s.docker(['network', 'inspect', 'front'])).stderr,
    /network front not found|No such network: front/,
  );
});

test('events: those of a run, with what clients read in them', needs, async () => {
  const since = String(Date.now() / 1000);
  await s
    .dockerOk(['run', '--rm', '--name', 'short', '-l', 'a=b', boxImage, 'sh', '-c', 'exit 3'])
    .catch(() => {});
  const until = String(Date.now() / 1000 + 0.001);
  const told = await s.dockerOk([
    'events',
    '--since',
    since,
    '--until',
    until,
    '--filter',
    'label=a',
    '--format',
    '{{json .}}',
  ]);
  const all = told.split('\n').map(json);
  const actions = all.map(({ Action }) => Action);
  assert.deepEqual(actions, ['create', 'attach', 'start', 'die', 'destroy']);
  const die = all.find(({ Action }) => Action === 'die') as {
    Actor: { Attributes: Record<string, string> };
    status: string;
    from: string;
  };
  const { exitCode, image, name, a } = die.Actor.Attributes;
  assert.deepEqual({ exitCode, image, name, a }, { exitCode: '3', image: boxImage, name: 'short', a: 'b' });
  assert.deepEqual([die.status, die.from], ['die', boxImage]);
  assert.equal((await s.call('GET', '/events?filters={"nosuch":["a"]}')).status, 400);
});

test('who has the head of the answer misses no event', needs, async () => {
  const socket = s.connect();
  socket.write('GET /events?filters={"type":["container"]} HTTP/1.1\r\nHost: d\r\n\r\n');
  let told = '';
  socket.on('data', (bytes) => {
    told += String(bytes);
  });
  await until('the head', () => told !== '');
  assert.match(told, /transfer-encoding: chunked/i);
  const id = await s.dockerOk(['create', boxImage]);
  await until('the event', () => told.includes(`"Action":"create","Actor":{"ID":"${id}"`));
  socket.destroy();
  await s.dockerOk(['rm', id]);
});

test('figures', needs, async () => {
  await s.dockerOk(['run', '-d', '--name', 'busy', '-m', '64m', boxImage, 'sh', '-c', 'while :; do :; done']);
  const line = await s.dockerOk([
    'stats',
    '--no-stream',
    '--format',
    '{{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.PIDs}}',
    'busy',
  ]);
  const [, cpu, limit, pids] = /^busy ([\d.]+)% \S+ \/ (\S+) (\d+)$/.exec(line) ?? [];
  assert.ok(Number(cpu) > 0, line);
  assert.equal(limit, '64MiB');
  assert.ok(Number(pids) >= 1);
  assert.match(await s.dockerOk(['top', 'busy']), /^UID +PID[\s\S]*while :; do :; done/);
  await s.dockerOk(['update', '-m', '48m', '--memory-swap', '96m', 'busy']);
  assert.equal(
    await s.dockerOk(['inspect', '--format', '{{.HostConfig.Memory}}', 'busy']),
    String(48 * 2 ** 20),
  );
  await s.dockerOk(['kill', 'busy']);
  const stopped = await s.call('GET', '/containers/busy/stats?stream=0');
  assert.equal((stopped.body as { read: string }).read, '0001-01-01T00:00:00Z');
  assert.match(await s.dockerOk(['system', 'df']), /^Containers +1 +0 /m);
  const { body } = await s.call('POST', '/containers/prune');
  assert.equal((body as { ContainersDeleted: string[] }).ContainersDeleted.length, 1);
});

const lacks = spawnSync('python3', ['-c', 'import docker']).status !== 0;
test('docker-py', { skip: lacks && 'needs python3-docker, which this machine lacks' }, async () => {
  const program = join(import.meta.dirname, 'foreign/docker-py.py');
  const stdout = await printed(['python3', program, `unix://${s.dockerSocket}`, boxImage]);
  assert.deepEqual(stdout.trimEnd().split('\n'), [
    'True linux',
    "b'hi\\n'",
    "ContainerError 3 b'bad\\n'",
    'ImageNotFound',
    "['web']",
    "b'\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x06typed\\n'",
    'True',
    "file 3 b'abc'",
    '/web PID',
    "{'StatusCode': 137}",
    'exited 137',
    "['create', 'start', 'die']",
    `[['${boxImage}']]`,
  ]);
});
