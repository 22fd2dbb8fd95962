// Inits of images as pid 1, without a flag, in each user-namespace mode: systemd boots, runs units in cgroups of its own and stops in order; s6 supervises.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { imageArchive } from './harness/image.ts';
import { isOrdinaryUser } from './harness/requires.ts';
import { suite } from './harness/suite.ts';
import { hangMs, until } from './harness/until.ts';
import { modes } from './hostile/modes.ts';
import { unpack } from './package/bare-root.ts';
import { initsRoot } from './package/inits-root.ts';

const tar = await initsRoot();
/** An ordinary user's likerd needs a control group to divide. */
const s = suite({ delegated: isOrdinaryUser });
const image = 'local/inits:1';

/** Writes where it is when it starts, and that it is stopped in order. */
const unit = `[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'cat /proc/self/cgroup >/out/started'
ExecStop=/bin/sh -c 'echo in order >/out/stopped'
`;
const supervised = '#!/bin/sh\necho up $$\nexec sleep 100000\n';

/** Like the images of distributions that are made for systemd, it declares what systemd needs as volumes. */
function makeImage(work: string): string {
  const root = unpack(tar);
  try {
    const units = join(root, 'etc/systemd/system');
    writeFileSync(join(units, 'probe.service'), unit);
    mkdirSync(join(units, 'multi-user.target.wants'), { recursive: true });
    symlinkSync('../probe.service', join(units, 'multi-user.target.wants/probe.service'));
    mkdirSync(join(root, 'etc/s6/service'), { recursive: true });
    writeFileSync(join(root, 'etc/s6/service/run'), supervised, { mode: 0o755 });
    const config = { Cmd: ['/sbin/init'], Volumes: { '/sys/fs/cgroup': {}, '/run': {}, '/out': {} } };
    return imageArchive(work, { name: image, config, layers: [{ folder: root }] });
  } finally {
    rmSync(root, { recursive: true });
  }
}

describe('an init of an image', { skip: tar.skip }, () => {
  before(() => s.ok(['load', '-q', '-i', makeImage(s.folder('images'))], { hangMs: 4 * hangMs }));

  for (const { userns, flags } of modes)
    describe(`--userns ${userns}`, { concurrency: 1 }, () => {
      const exec = (id: string, script: string) => s.ok(['exec', id, 'sh', '-c', script]);
      const booted = (id: string) =>
        until('systemd has started all', async () => {
          const { stdout } = await s.likerctl(['exec', id, 'systemctl', 'is-system-running']);
          return /^(running|degraded)$/m.exec(stdout)?.[0];
        });
      /** The path in the hierarchy in which systemd tracks processes. */
      const track = 'grep -E "^0::" /proc/self/cgroup || grep name=systemd: /proc/self/cgroup';

      test('systemd starts all, in cgroups of its own, stops in order, and starts again', async () => {
        const id = await s.ok(['run', '-d', '--stop-timeout', '120', ...flags, image]);
        assert.equal(await booted(id), 'running', await exec(id, 'systemctl --failed'));
        assert.equal(
          await exec(id, 'cat /proc/1/comm; stat -f -c %T /run /run/lock /tmp'),
          'systemd\ntmpfs\ntmpfs\ntmpfs',
        );
        assert.match(await exec(id, 'cat /out/started'), /:\/system\.slice\/probe\.service$/m);
        assert.equal(
          await exec(id, 'cat /run/systemd/container; systemd-detect-virt'),
          'liker\ncontainer-other',
        );
        await s.ok(['stop', id]);
        assert.equal(
          await s.ok(['inspect', '-f', '{{.State.ExitCode}} {{.Config.StopSignal}}', id]),
          '0 SIGRTMIN+3',
        );
        await s.ok(['start', id]);
        assert.equal(await booted(id), 'running');
        assert.equal(await exec(id, 'cat /out/stopped'), 'in order');
        await s.ok(['rm', '-f', '-v', id]);
      });

      test('a unit and a scope of an exec have their own cgroup; the limits stay out of reach', async () => {
        const limits = ['--pids-limit', '300', '--memory', '400m', '--limits', 'best-effort'];
        const id = await s.ok(['run', '-d', ...flags, ...limits, image]);
        await booted(id);
        assert.match(
          await exec(id, `systemd-run -q --scope sh -c '${track}'`),
          /:\/system\.slice\/run-.*\.scope$/,
        );
        assert.match(
          await exec(id, `systemd-run -q --wait --pipe sh -c '${track}'`),
          /:\/system\.slice\/run-.*\.service$/,
        );
        const container = await s.inspect(id);
        const files = ['pids.max', 'memory.max', 'memory.limit_in_bytes'];
        const values = () =>
          Object.values(container.CgroupPaths).flatMap((folder) =>
            files
              .map((file) => join(folder, file))
              .filter(existsSync)
              .map((file) => [file, readFileSync(file, 'utf8')]),
          );
        const before = values();
        // A user may have been given no controllers.
        assert.ok(
          isOrdinaryUser ||
            before.some(([file = '', value]) => file.endsWith('pids.max') && value === '300\n'),
        );
        const names = files.map((file) => `-name ${file}`).join(' -o ');
        await exec(
          id,
          `for f in $(find /sys/fs/cgroup ${names}); do for v in -1 max; do echo $v >$f; done; done 2>/dev/null; true`,
        );
        assert.deepEqual(values(), before);
        await s.ok(['rm', '-f', '-v', id]);
      });

      test('on a terminal systemd asks who logs in', async () => {
        const terminal = s.terminal(['run', '-it', '--rm', '--name', `console-${userns}`, ...flags, image]);
        await terminal.waitForText(/login:/);
        await s.ok(['stop', `console-${userns}`]);
        assert.equal(await terminal.exit, 0);
      });

      test('s6 starts a service again that has ended, and stops in order', async () => {
        const id = await s.ok(['run', '-d', ...flags, image, 's6-svscan', '/etc/s6']);
        const up = () =>
          until(
            'the service is up',
            async () => /up (\d+)\n$/.exec((await s.likerctl(['logs', id])).stdout)?.[1],
          );
        const first = await up();
        assert.equal(await exec(id, 'cat /proc/1/comm'), 's6-svscan');
        await exec(id, 's6-svc -t /etc/s6/service');
        await until('another process', async () => (await up()) !== first);
        await s.ok(['stop', id]);
        assert.equal(await s.ok(['inspect', '-f', '{{.State.ExitCode}}', id]), '0');
        await s.ok(['rm', '-v', id]);
      });
    });
});
