// --storage-opt size=: by project quotas of ext4, in a file system of its own; and its refusal elsewhere.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { isOrdinaryUser } from './harness/requires.ts';
import { SmallDisk } from './harness/small-disk.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';
import { inBothModes } from './hostile/modes.ts';

const limit = 4 << 20;

/** Why there can be no file system with project quotas here; empty: there can. */
function lack(image: string, at: string): string {
  if (isOrdinaryUser) return 'only root mounts file systems and sets quotas';
  try {
    execFileSync('truncate', ['-s', '256M', image]);
    execFileSync('mkfs.ext4', ['-q', '-O', 'quota,project', '-E', 'quotatype=prjquota', image]);
    mkdirSync(at);
    mountQuotas(image, at);
    execFileSync('umount', [at]);
    return '';
  } catch (error) {
    const [line] = (error as Error).message.split('\n');
    return `needs an ext4 with project quotas, which this machine does not mount (loop devices, CONFIG_QFMT_V2): ${line}`;
  }
}

function mountQuotas(image: string, at: string): void {
  execFileSync('mount', ['-o', 'loop,prjquota', image, at], { stdio: 'pipe' });
}

const work = mkdtempSync(join(tmpdir(), 'lkq-'));
const image = join(work, 'image');
const missing = lack(image, join(work, 'at'));
const disk = missing === '' ? new SmallDisk('root', (at) => mountQuotas(image, at)) : null;
// The loop device keeps the image.
rmSync(work, { recursive: true });

describe('with project quotas', { skip: missing === '' ? false : missing }, () => {
  const s = suite(disk === null ? {} : { home: disk.home });
  after(() => disk?.unmount());
  const flags = ['--storage-opt', 'size=4m'];
  /** Bytes that can be written to a file, at most 16 MiB. */
  const fill = (file: string): string =>
    `dd if=/dev/zero of=${file} bs=64k count=256 2>/dev/null || true; sync; stat -c %s ${file}`;

  inBothModes('what a container writes into its layer is limited, and no more', async ({ flags: mode }) => {
    const written = Number(await s.sh([...mode, ...flags], fill('/f')));
    assert.ok(written > limit / 2 && written <= limit, String(written));
    const size = Number(
      await s.sh([...mode, ...flags], 'stat -f -c "%b %S" / | { read b s; echo $((b * s)); }'),
    );
    assert.equal(size, limit);
    assert.equal(Number(await s.sh(mode, fill('/f'))), 16 << 20);
    assert.equal(Number(await s.sh([...mode, ...flags, '-v', '/v'], fill('/v/f'))), 16 << 20);
  });

  inBothModes('layers of mounts count for it', async ({ flags: mode, userns }) => {
    const overlay = ['-v', `${s.folder(`over-${userns}`)}:/o:O`];
    const both = await s.sh([...mode, ...flags, ...overlay], `${fill('/f')}; ${fill('/o/f')}`);
    const [first = 0, second = 0] = both.split('\n').map(Number);
    assert.ok(first > 0 && first + second <= limit, both);
    const over = Number(await s.sh([...mode, ...flags, ...overlay], fill('/o/f')));
    assert.ok(over > limit / 2 && over <= limit, String(over));
  });

  test('the project of a folder that somebody else limits stays', async () => {
    const projectOf = (folder: string): string =>
      execFileSync('lsattr', ['-pd', folder], { encoding: 'utf8' }).trim().split(/\s+/)[0] ?? '';
    const id = await s.ok(['create', s.rootfs, 'true']);
    execFileSync('chattr', ['-p', '77', join(s.daemon.root, 'containers', id, 'work')]);
    await s.ok(['rm', id]);
    const spare = join(s.daemon.root, 'spare');
    await until('the spare folder', () =>
      readdirSync(spare).some((name) => projectOf(join(spare, name, 'work')) === '77'),
    );
    await s.ok(['run', '--rm', ...flags, s.rootfs, 'true']);
  });

  test('the limit outlives a restart of the container, and goes with it', async () => {
    const id = await s.ok(['create', ...flags, s.rootfs, 'sh', '-c', `rm -f /f; ${fill('/f')}`]);
    for (let run = 0; run < 2; run++) assert.ok(Number(await s.ok(['start', '-a', id])) <= limit);
    assert.deepEqual(JSON.parse(await s.ok(['inspect', '-f', '{{json .HostConfig.StorageOpt}}', id])), {
      size: String(limit),
    });
    await s.ok(['rm', id]);
    await s.ok(['run', '--rm', s.rootfs, 'true']);
    const spare = join(s.daemon.root, 'spare');
    await until('a folder that is kept for the next container', () => readdirSync(spare).length > 0);
    for (const name of readdirSync(spare)) {
      const [project] = execFileSync('lsattr', ['-pd', join(spare, name, 'work')], { encoding: 'utf8' })
        .trim()
        .split(/\s+/);
      assert.equal(project, '0');
    }
  });
});

describe('without', () => {
  const s = suite();

  test('it is refused, with what to do', async () => {
    const { code, stderr } = await s.run(['--storage-opt', 'size=4m'], ['true']);
    assert.equal(code, 125);
    assert.match(stderr, /Cannot limit the layer of container '.*' to 4194304 bytes: /);
    assert.match(
      stderr,
      isOrdinaryUser ? /only root may set quotas/ : /no project quotas in use .*mounted with prjquota/,
    );
    assert.equal(await s.ok(['ps', '-aq']), '');
  });

  test('a root that has no layer has no limit', async () => {
    const { code, stderr } = await s.likerctl([
      'run',
      '--rm',
      '--storage-opt',
      'size=4m',
      `${s.rootfs}:ro`,
      'true',
    ]);
    assert.deepEqual([code, /its root is used as it is/.test(stderr)], [125, true], stderr);
  });

  test('other options are refused', async () => {
    for (const option of ['inodes=5', 'size=', 'size=x']) {
      const { code } = await s.run(['--storage-opt', option], ['true']);
      assert.equal(code, 125, option);
    }
  });
});
