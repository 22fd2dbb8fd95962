// Docker's own command at likerd's socket for it: containers on networks, in a network of the test's own.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { boxImage, dockerSuite } from './harness/docker-client.ts';
import { NetBox } from './harness/net-box.ts';
import { requiresProgram } from './harness/requires.ts';

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
