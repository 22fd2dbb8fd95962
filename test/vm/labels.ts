import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { before, describe, test } from 'node:test';
import type { Suite } from '../harness/suite.ts';

/** A profile that refuses one file, with all that a container does otherwise. */
const profile = `
profile liker-test flags=(attach_disconnected,mediate_deleted) {
  file,
  capability,
  network,
  signal,
  ptrace,
  deny /etc/hosts r,
}
`;
const name = 'liker-test';
const option = ['--security-opt', `apparmor=${name}`];
const look = 'cat /etc/hosts >/dev/null 2>&1 && echo seen || echo unseen; cat /proc/self/attr/current';
const confined = `unseen\n${name} (enforce)`;
const free = 'seen\nunconfined';

/** What a container's programs get from AppArmor, on a kernel that has it and has no Landlock. */
export function labelTests(s: Suite): void {
  before(() => {
    execFileSync('mount', ['-t', 'securityfs', 'securityfs', '/sys/kernel/security']);
    execFileSync('apparmor_parser', ['--replace', '--skip-cache'], { input: profile });
  });

  for (const userns of ['auto', 'host'])
    describe(`a profile of AppArmor, --userns ${userns}`, () => {
      const flags = ['--userns', userns, ...option];

      test('holds for the program and its init, whatever else confines it', async () => {
        for (const more of [
          [],
          ['--init=false'],
          ['--user', '1000'],
          ['--security-opt', 'no-new-privileges'],
          ['--privileged'],
          ['--pid', 'host'],
        ])
          assert.equal(await s.sh([...flags, ...more], look), confined, more.join(' '));
        assert.equal(await s.sh(flags, 'cat /proc/1/attr/current'), `${name} (enforce)`);
        assert.equal(await s.sh(['--userns', userns], look), free);
      });

      test('holds for execs, unless they have more privileges than the container', async () => {
        const id = await s.detached(flags, ['sleep', '1000']);
        assert.equal(await s.ok(['exec', id, 'bash', '-c', look]), confined);
        assert.equal(await s.ok(['exec', '--privileged', id, 'bash', '-c', look]), free);
        assert.equal(await s.ok(['exec', '--user', '1000', id, 'bash', '-c', look]), confined);
        await s.ok(['rm', '-f', id]);
      });

      test('is not written to a file that the container has put in its place (T7)', async () => {
        // Its own /proc is covered: what is written goes to the host's.
        const { stdout } = await s.run(
          [...flags, '--tmpfs', '/proc'],
          ['bash', '-c', 'echo x | cat /etc/hosts - 2>&1'],
        );
        assert.equal(stdout, 'cat: /etc/hosts: Permission denied\nx\n');
      });
    });

  test('a profile that is not loaded is refused by create, and inspect names the one that is', async () => {
    const { code, stderr } = await s.likerctl([
      'create',
      '--security-opt',
      'apparmor=liker-none',
      s.rootfs,
      'true',
    ]);
    assert.equal(code, 125);
    assert.match(stderr, /'liker-none': no such profile is loaded; load it with 'apparmor_parser -r FILE'/);
    const id = await s.ok(['create', ...option, s.rootfs, 'true']);
    assert.equal(
      await s.ok(['inspect', '-f', '{{.AppArmorProfile}} {{.HostConfig.SecurityOpt}}', id]),
      `${name} [apparmor=${name}]`,
    );
    await s.ok(['rm', id]);
  });

  test('limits by Landlock are refused on a kernel without it, or left out', async () => {
    const rules = ['--landlock', 'ro=/usr,connect=443'];
    const { code, stderr } = await s.run(rules, ['true']);
    assert.equal(code, 125);
    assert.match(stderr, /Cannot limit files by landlock on this kernel: it has no Landlock/);
    assert.equal((await s.run([...rules, '--landlock', 'best-effort'], ['true'])).code, 0);
  });
}
