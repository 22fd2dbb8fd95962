// Libraries for Docker that nobody here wrote, at likerd's socket for them: each runs a program of its own.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { boxImage, dockerSuite } from './harness/docker-client.ts';
import { DockerRegistry } from './harness/docker-registry.ts';
import { NetBox } from './harness/net-box.ts';
import { printed } from './harness/printed.ts';
import { requires, requiresProgram } from './harness/requires.ts';

const folder = join(import.meta.dirname, 'docker-clients');
const needs = requiresProgram('busybox', 'docker', 'docker-registry');
const libraries = needs.skip
  ? needs
  : requires(
      'what `npm ci` installs in test/docker-clients',
      existsSync(join(folder, '../../dist/docker-clients/.installed-lock')),
    );
const box = await NetBox.open();
after(() => box.close());
const s = dockerSuite({ within: box.machine.within, args: ['--default-network', 'bridge'] });

async function lines(program: string, args: readonly string[]): Promise<unknown[][]> {
  const command = [...box.machine.within, process.execPath, join(folder, program), ...args];
  const env = {
    ...process.env,
    DOCKER_HOST: `unix://${s.dockerSocket}`,
    // The reaper would be an image from elsewhere; in a container of its own, this machine would be looked for elsewhere.
    TESTCONTAINERS_RYUK_DISABLED: 'true',
    TESTCONTAINERS_HOST_OVERRIDE: '127.0.0.1',
  };
  return (await printed(command, { env }))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown[]);
}

test('dockerode', libraries, async () => {
  await using registry = await DockerRegistry.start({ within: box.machine.within });
  const far = `${registry.host}/far/box:1`;
  await s.dockerOk(['tag', boxImage, far]);
  await s.dockerOk(['push', far]);
  await s.dockerOk(['rmi', far]);
  assert.deepEqual(await lines('dockerode.js', [s.dockerSocket, boxImage, far]), [
    ['OK', 'linux'],
    ['Status: Downloaded newer image for HOST/far/box:1'],
    [['shelf']],
    [['ran\n', 'err\n'], { StatusCode: 4 }],
    [['typed\n', 'err\n'], 0],
    ['typed\n', 'err\n'],
    ['running', true],
    [['web']],
    [[['/web']]],
    ['to exec\n', 7],
    [127],
    ['/web', true],
    [137],
    [404, 'No such container'],
    [['volume create', 'network create', 'network destroy', 'volume destroy']],
  ]);
  await s.dockerOk(['rmi', far]);
});

test('testcontainers', libraries, async () => {
  assert.deepEqual(await lines('testcontainers.js', [boxImage]), [
    ['page\n'],
    ['1\n', 3],
    ['found\n'],
    ['page\n'],
    [2, 4],
  ]);
  assert.equal(await s.dockerOk(['ps', '-aq']), '');
});
