// The package as a service: systemd and pure cgroup v2, in a virtual machine. NAME.guest.sh has the checks.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { missing, parseTap } from '../vm/vm.ts';
import { buildPackage, type DebianTar, debianTar, packageDependencies, unpack } from './bare-root.ts';

const seconds = 1200;
const here = import.meta.dirname;

/** In addition to the package's dependencies: systemd, what an ordinary user needs, and busybox for the machine's scripts. */
const packages = [
  ...packageDependencies(),
  'systemd',
  'systemd-sysv',
  'dbus',
  'libpam-systemd',
  'uidmap',
  'busybox-static',
];

const wanted = process.env['LIKER_PACKAGE_TESTS'] === '1';
const cannot = wanted ? missing() : 'takes ten minutes: set LIKER_PACKAGE_TESTS=1';
const debian: DebianTar = cannot === false ? await debianTar('service', packages) : { skip: cannot };

describe('the package as a systemd service', { skip: debian.skip, concurrency: 1 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'lk-service-'));
  let root = '';

  before(async () => {
    root = unpack(debian);
    renameSync(await buildPackage('0.1.0', folder), join(folder, 'first.deb'));
    renameSync(await buildPackage('0.1.1~next', folder), join(folder, 'second.deb'));
    copyFileSync(join(here, 'lib.guest.sh'), join(folder, 'lib.sh'));
  });
  after(() => {
    for (const path of [folder, root]) rmSync(path, { recursive: true, force: true });
  });

  for (const [check, whose] of [
    ['service', 'of the machine'],
    ['user', 'of an ordinary user'],
  ] as const)
    test(whose, { timeout: (seconds + 120) * 1000 }, async (t) => {
      copyFileSync(join(here, `${check}.guest.sh`), join(folder, 'check.sh'));
      const machine = spawn('sh', [join(here, 'boot-systemd'), root, folder, String(seconds)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = new Promise((resolve) => machine.once('close', resolve));
      const [output, status] = await Promise.all([text(machine.stdout), ended]);
      const told = parseTap(output);
      for (const { name, passed } of told) await t.test(name, () => assert.ok(passed, output));
      assert.match(
        output,
        new RegExp(`^1\\.\\.${told.length}$`, 'm'),
        `it did not come to its end:\n${output}`,
      );
      assert.equal(status, 0, output);
    });
});
