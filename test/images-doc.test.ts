// Runs the blocks of docs/images.md.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { FakeRegistry } from '../daemon/registry/test/fake-registry.ts';
import { repository } from './harness/daemon.ts';
import { DockerRegistry } from './harness/docker-registry.ts';
import { layerOf, layerOfFolder, makeImage, serveImage, writeDockerArchive } from './harness/images.ts';
import { environment } from './harness/likerctl.ts';
import { requiresProgram } from './harness/requires.ts';
import { suite } from './harness/suite.ts';

const s = suite();
let registry: FakeRegistry;
const doc = readFileSync(join(repository, 'docs/images.md'), 'utf8');
const [load = '', pull = '', push = '', save = '', disk = '', ...others] = [
  ...doc.matchAll(/^```sh\n(.*?)^```$/gms),
].map(([, block = '']) => block);

async function run(block: string, { host }: { readonly host: string } = registry): Promise<string> {
  const path = `${join(repository, 'bin')}:${process.env['PATH']}`;
  const { stdout } = await promisify(execFile)('sh', ['-ec', block.replaceAll('localhost:5000', host)], {
    env: environment(s.daemon, { PATH: path }),
    cwd: s.folder('work'),
    timeout: 300_000,
  });
  return stdout;
}

describe('docs/images.md', () => {
  before(async () => {
    registry = await FakeRegistry.start();
    const image = makeImage([layerOfFolder(s.rootfs), layerOf({ 'etc/debian_version': '13.1\n' })], {
      config: { Cmd: ['bash'] },
    });
    serveImage(registry, image, '13');
    const folder = s.folder('archive');
    writeDockerArchive(folder, image, ['debian:13']);
    execFileSync('tar', ['cf', join(s.folder('work'), 'debian.tar'), '-C', folder, '.']);
  });
  after(() => registry[Symbol.asyncDispose]());

  test('an archive is loaded and run', async () => {
    assert.match(await run(load), /^Loaded image: debian:13\n.*\ndebian +13 .*\n13\.1\n$/s);
  });

  test('an image is pulled, named, looked at and removed', async () => {
    const told = await run(pull);
    assert.match(told, /Status: Downloaded newer image.*Status: Image is up to date.*step 2.*\n\[bash\]\n/s);
    assert.match(told, /Untagged: base:latest\n$/);
  });

  test('an image is pushed', { skip: requiresProgram('docker-registry').skip }, async () => {
    await using other = await DockerRegistry.start();
    assert.match(await run(push, other), /^The push refers to repository .*: Pushed\n13: digest: sha256:/s);
  });

  test('an image is saved', async () => {
    await run(save);
    const work = s.folder('work');
    assert.match(
      execFileSync('tar', ['tf', join(work, 'debian.tar')], { encoding: 'utf8' }),
      /^manifest.json$/m,
    );
    assert.ok(existsSync(join(work, 'layout/index.json')));
  });

  test('room on the disk is shown and freed', async () => {
    assert.match(
      await run(disk),
      /^TYPE .*\nImages .*\nThe records and the disk agree\.\n.*Total reclaimed space: /s,
    );
    assert.equal(others.length, 0);
  });
});
