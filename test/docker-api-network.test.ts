// Docker's own command at likerd's socket for it: containers on networks, in a network of the test's own.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { boxImage, dockerSuite } from './harness/docker-client.ts';
import { NetBox } from './harness/net-box.ts';
import { requiresProgram } from './harness/requires.ts';
import { until, within } from './harness/until.ts';

const needs = requiresProgram('docker', 'busybox');
const box = await NetBox.open();
after(() => box.close());
const s = dockerSuite({ within: box.machine.within, args: ['--default-network', 'bridge'] });

test(
  'containers find each other by name; a port is to be seen as soon as its container runs',
  needs,
  async () => {
    await s.dockerOk(['network', 'create', 'front']);
    await s.dockerOk([
      'run',
      '-d',
      '--name',
      'web',
      '--network',
      'front',
      '--network-alias',
      'www',
      '-p',
      '127.0.0.1:0:80',
      boxImage,
      'sleep',
      '1000',
    ]);
    const [bound = ''] = (await s.dockerOk(['port', 'web', '80'])).split('\n');
    assert.match(bound, /^127\.0\.0\.1:[1-9]\d*$/);
    const address = await s.dockerOk([
      'inspect',
      '--format',
      '{{.NetworkSettings.Networks.front.IPAddress}}',
      'web',
    ]);
    assert.match(address, /^\d+(\.\d+){3}$/);
    for (const name of ['web', 'www'])
      assert.match(
        await s.dockerOk(['run', '--rm', '--network', 'front', boxImage, 'ping', '-4', '-c1', name]),
        new RegExp(address.replaceAll('.', '\\.')),
      );
    const inFront = await s.dockerOk([
      'network',
      'inspect',
      '--format',
      '{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}',
      'front',
    ]);
    assert.ok(inFront.startsWith(`web ${address}/`), inFront);
    assert.match((await s.docker(['network', 'rm', 'front'])).stderr, /has active endpoints/);
    await s.dockerOk(['network', 'create', 'back']);
    await s.dockerOk(['network', 'connect', 'back', 'web']);
    assert.equal((await s.call('POST', '/networks/back/connect', { Container: 'web' })).status, 403, 'once');
    assert.match(
      await s.dockerOk(['inspect', '--format', '{{.NetworkSettings.Networks.back.IPAddress}}', 'web']),
      /\d/,
    );
    await s.dockerOk(['network', 'disconnect', 'back', 'web']);
    await s.dockerOk(['rm', '-f', 'web']);
    await s.dockerOk(['network', 'rm', 'front', 'back']);
  },
);

test('without --network it is on the default one; none and host are listed as networks', needs, async () => {
  for (const [flag, name] of [
    [[], 'bridge'],
    [['--network', 'none'], 'none'],
    [['--network', 'host'], 'host'],
  ] as const) {
    const id = await s.dockerOk(['create', ...flag, boxImage]);
    assert.equal(
      await s.dockerOk([
        'inspect',
        '--format',
        '{{.HostConfig.NetworkMode}} {{range $k, $v := .NetworkSettings.Networks}}{{$k}}{{end}}',
        id,
      ]),
      `${name} ${name}`,
    );
    await s.dockerOk(['rm', id]);
  }
});

const composition = `
version: "2.4"
services:
  db:
    image: ${boxImage}
    command: ["sh", "-c", "touch /data/up; exec sleep 1000"]
    volumes: ["data:/data"]
    healthcheck:
      test: ["CMD", "test", "-e", "/data/up"]
      interval: 100ms
      retries: 100
  web:
    image: ${boxImage}
    command: ["sh", "-c", "ping -4 -c1 db && echo web is ready; exec sleep 1000"]
    depends_on: { db: { condition: service_healthy } }
    ports: ["127.0.0.1::80"]
volumes: { data: }
`;

test(
  'docker-compose: up, ps, logs, exec, up again, down',
  requiresProgram('docker-compose', 'busybox'),
  async () => {
    const folder = s.folder('app');
    writeFileSync(join(folder, 'docker-compose.yml'), composition);
    const compose = async (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> => {
      const env = { ...process.env, DOCKER_HOST: `unix://${s.dockerSocket}`, HOME: folder };
      const child = spawn('docker-compose', ['-p', 'app', ...args], {
        cwd: folder,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const ended = once(child, 'exit');
      const all = Promise.all([ended, text(child.stdout), text(child.stderr)]);
      const [[code], stdout, stderr] = await within(`docker-compose ${args.join(' ')}`, all).finally(() =>
        child.kill('SIGKILL'),
      );
      return { code: Number(code), stdout, stderr };
    };
    const up = await compose('up', '-d');
    assert.equal(up.code, 0, up.stderr);
    const { stdout: listed } = await compose('ps');
    assert.match(listed, /app_db_1 .*Up \(healthy\)/);
    assert.match(listed, /app_web_1 .*127\.0\.0\.1:\d+->80\/tcp/);
    await until('the log', async () =>
      (await compose('logs', '--no-color', 'web')).stdout.includes('web is ready'),
    );
    const inside = await compose('exec', '-T', 'web', 'sh', '-c', 'echo inside; exit 3');
    assert.deepEqual([inside.code, inside.stdout], [3, 'inside\n']);
    const again = await compose('up', '-d');
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /app_db_1 is up-to-date/);
    assert.equal((await compose('down', '-v', '-t', '0')).code, 0);
    assert.equal(await s.dockerOk(['ps', '-aq']), '');
    assert.equal(await s.dockerOk(['volume', 'ls', '-q']), '');
  },
);
