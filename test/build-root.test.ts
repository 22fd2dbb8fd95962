// Images made from the machine's own programs.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { imageFiles } from './harness/image-store.ts';
import { isOrdinaryUser, requires, requiresMirror } from './harness/requires.ts';
import { makeRpmRepository, requiresRpm } from './harness/rpm-repository.ts';
import { suite } from './harness/suite.ts';

const s = suite();

test('image build-root makes an image that runs, and leaves nothing else', async () => {
  const TMPDIR = join(s.folder('build'), 'tmp');
  mkdirSync(TMPDIR);
  const said = await s.ok(['image', 'build-root', '-c', 'ENV A=b', 'mine'], { env: { TMPDIR } });
  const [doing = '', built = '', id = ''] = said.split('\n');
  assert.match(doing, /^Copying \d+ programs of this machine to image mine:latest$/);
  assert.match(built, /^Built a root file system: \d+ programs/);
  assert.match(id, /^sha256:[0-9a-f]{64}$/);
  assert.deepEqual(readdirSync(TMPDIR), []);
  assert.equal(
    await s.ok(['image', 'inspect', '-f', '{{.Id}} {{json .Config.Cmd}}', 'mine']),
    `${id} ["bash"]`,
  );
  assert.equal(
    await s.ok(['run', '--rm', 'mine', 'bash', '-c', 'echo $A $(id -u); stat -c %u:%g /usr/bin/bash']),
    'b 0\n0:0',
  );
  assert.match(
    await s.ok(['history', '--format', '{{.Comment}}', 'mine']),
    /^Built by likerctl image build-root --provider host$/,
  );
  const wrong = await s.likerctl(['image', 'build-root', '--suite', 'x', 'other']);
  assert.deepEqual(
    [wrong.code, /--suite is not for --provider host/.test(wrong.stderr)],
    [1, true],
    wrong.stderr,
  );
  const noName = await s.likerctl(['image', 'build-root', 'Not A Name']);
  assert.equal(noName.code, 1);
  await s.ok(['rmi', 'mine']);
  assert.deepEqual(imageFiles(s.daemon.root), []);
});

/** Files of many users take root. */
const asRoot = requires('likerctl of root', !isOrdinaryUser);

/** Nothing of an image, or of how it was made, is left. */
async function isGone(name: string, temporary: string): Promise<void> {
  assert.deepEqual(readdirSync(temporary), []);
  await s.ok(['rmi', name]);
  assert.deepEqual(imageFiles(s.daemon.root), []);
}

test('debian: what mmdebstrap installs is an image that runs, with the owners that its packages want', {
  skip: asRoot.skip || requiresMirror('mmdebstrap').skip,
}, async () => {
  const TMPDIR = s.folder('debian');
  const flags = ['--provider', 'debian', '--suite', 'bookworm', '--include', 'netbase'];
  const said = await s.ok(['image', 'build-root', ...flags, 'deb:1'], { env: { TMPDIR }, hangMs: 400_000 });
  assert.match(said, /^Installing Debian 'bookworm' by mmdebstrap to image deb:1\n/);
  assert.match(said, /\nBuilt a root file system: Debian 'bookworm'\nsha256:[0-9a-f]{64}$/);
  const script = 'dpkg-query -s netbase | grep ^Status; stat -c %G:%a /etc/shadow; cat /etc/debian_version';
  assert.match(
    await s.ok(['run', '--rm', 'deb:1', 'bash', '-c', script]),
    /^Status: install ok installed\nshadow:640\n12\.\d+$/,
  );
  await isGone('deb:1', TMPDIR);
});

test('rpm: what dnf installs from a repository is an image that runs', {
  skip: asRoot.skip || requiresRpm().skip,
}, async () => {
  const [folder, TMPDIR] = [s.folder('rpm'), s.folder('rpm-temporary')];
  makeRpmRepository(folder);
  const flags = ['--provider', 'rpm', '--release', '1', '--no-gpg-check', '--include', 'more'];
  const said = await s.ok(
    ['image', 'build-root', ...flags, '--mirror', `file://${folder}/repo`, '-c', 'CMD ["/bin/sh"]', 'rpms:1'],
    { env: { TMPDIR } },
  );
  assert.match(said, /^Installing rootfiles, bash, more by dnf to image rpms:1\n/);
  assert.match(said, /\nBuilt a root file system: rootfiles, bash, more\nsha256:[0-9a-f]{64}$/);
  const script = '. /root/.profile; echo $FROM; read line </etc/more; echo $line';
  assert.equal(await s.ok(['run', '--rm', 'rpms:1', '/bin/sh', '-c', script]), 'rpm\nincluded');
  await isGone('rpms:1', TMPDIR);
});
