// likerctl rootfs build from packages and from static programs: the root that is made runs.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { requiresProgram } from './harness/requires.ts';
import { makeRpmRepository, requiresRpm } from './harness/rpm-repository.ts';
import { suite } from './harness/suite.ts';

const s = suite();

test('rpm: dnf installs bash and rootfiles from a repository, and the root runs', {
  ...requiresRpm(),
}, async () => {
  const folder = join(s.daemon.home, 'rpm');
  makeRpmRepository(folder);
  const root = join(folder, 'root');
  const args = [
    'rootfs',
    'build',
    root,
    '--provider',
    'rpm',
    '--release',
    '1',
    '--no-gpg-check',
    '--include',
    'more',
  ];
  const out = await s.ok([...args, '--mirror', `file://${folder}/repo`]);
  assert.match(
    out,
    /^Installing rootfiles, bash, more by dnf to .*\nBuilt a root file system: rootfiles, bash, more$/,
  );
  const script = '. /root/.profile; echo $FROM; read line </etc/more; echo $line';
  assert.equal(await s.ok(['run', '--rm', root, '/bin/sh', '-c', script]), 'rpm\nincluded');
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes('building')),
    [],
  );
});

test('rpm: what dnf says of a repository that is not there is shown, and nothing is left', {
  ...requiresProgram('dnf'),
}, async () => {
  const home = join(s.daemon.home, 'gone');
  mkdirSync(home);
  const root = join(home, 'root');
  const args = ['rootfs', 'build', root, '-q', '--provider', 'rpm', '--release', '1'];
  const { code, stderr } = await s.likerctl([...args, '--mirror', `file://${home}/no-repository`]);
  assert.equal(code, 1);
  assert.match(stderr, /Cannot build a root file system in .*: dnf ended with 1: .*liker/s);
  assert.deepEqual(readdirSync(home), []);
});

test('scratch: static programs and nothing else; one that needs libraries is refused', {
  ...requiresProgram('busybox'),
}, async () => {
  const root = join(s.daemon.home, 'scratch');
  await s.ok(['rootfs', 'build', root, '--provider', 'scratch', '--with', 'busybox']);
  assert.deepEqual(readdirSync(root), ['bin']);
  assert.equal(await s.ok(['run', '--rm', root, '/bin/busybox', 'echo', 'ran']), 'ran');
  for (const [flags, error] of [
    [['--with', 'bash'], /needs an interpreter or libraries; leave --provider out/],
    [[], /name static programs with --with/],
    [['--with', 'busybox', '--suite', 'x'], /--suite is not for --provider scratch, which has --with/],
  ] as const) {
    const args = ['rootfs', 'build', `${root}-no`, '--provider', 'scratch', ...flags];
    const { code, stderr } = await s.likerctl(args);
    assert.notEqual(code, 0);
    assert.match(stderr, error);
  }
});

test('debian: a provider that this machine lacks is named, with the command that installs it', async () => {
  const args = ['rootfs', 'build', join(s.daemon.home, 'none'), '--provider', 'debian'];
  // likerctl itself finds its programs by their paths.
  const { code, stderr } = await s.likerctl(args, { env: { PATH: '/nowhere' } });
  assert.equal(code, 1);
  assert.match(
    stderr,
    /mmdebstrap is not on this machine; install it, on Debian with 'apt-get install mmdebstrap'/,
  );
});
