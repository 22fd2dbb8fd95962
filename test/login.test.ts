// A registry that wants a password: Debian's docker-registry, into which skopeo puts an image.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DockerRegistry } from './harness/docker-registry.ts';
import { layerOfFolder, makeImage, writeLayout } from './harness/images.ts';
import { requiresProgram } from './harness/requires.ts';
import { suite } from './harness/suite.ts';

const s = suite();

test(
  'after a login, pull and run fetch what only this user may have; likerd keeps nothing of the credentials',
  requiresProgram('docker-registry', 'skopeo'),
  async () => {
    await using registry = await DockerRegistry.start({ auth: true });
    const layout = join(s.daemon.home, 'layout');
    writeLayout(layout, makeImage([layerOfFolder(s.rootfs)], { config: { Cmd: ['echo', 'hello'] } }));
    const name = `${registry.host}/private`;
    const pushing = ['copy', '--dest-tls-verify=false', '--dest-creds=user:secret', `oci:${layout}`];
    execFileSync('skopeo', [...pushing, `docker://${name}:latest`], { stdio: 'pipe' });

    const env = { DOCKER_CONFIG: join(s.daemon.home, 'docker') };
    const refused = await s.likerctl(['pull', name], { env });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /gives no access without credentials: .* or it needs 'likerctl login 127/);
    const login = ['login', '-u', 'user', '--password-stdin', registry.host];
    const wrong = await s.likerctl(login, { env, stdin: 'guess' });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /refuses the credentials/);
    assert.equal(await s.ok(login, { env, stdin: 'secret\n' }), 'Login Succeeded');
    const auth = Buffer.from('user:secret').toString('base64');
    const stored = JSON.parse(readFileSync(join(env.DOCKER_CONFIG, 'config.json'), 'utf8'));
    assert.deepEqual(stored, { auths: { [registry.host]: { auth } } });

    assert.match(await s.ok(['pull', name], { env }), /Downloaded newer image/);
    await s.ok(['rmi', name]);
    assert.equal(await s.ok(['run', '--rm', name], { env }), 'hello');
    await s.ok(['rmi', name]);
    for (const secret of ['user:secret', auth]) {
      const found = execFileSync('sh', ['-c', 'grep -rlF -e "$1" "$2" || true', 'sh', secret, s.daemon.root]);
      assert.equal(found.toString(), '');
    }
    assert.equal(
      await s.ok(['logout', registry.host], { env }),
      `Removing login credentials for ${registry.host}`,
    );
    assert.equal((await s.likerctl(['pull', name], { env })).code, 1);
  },
);
