// The disk of --root stops accepting writes while likerd runs: its file system becomes read-only, or the database cannot be written.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { Containers } from './harness/containers.ts';
import { startDaemon } from './harness/daemon.ts';
import { likerctl } from './harness/likerctl.ts';
import { requires } from './harness/requires.ts';
import { SmallDisk } from './harness/small-disk.ts';
import { suite } from './harness/suite.ts';
import { until } from './harness/until.ts';

const images = mkdtempSync(join(tmpdir(), 'lki-'));

/** A separate ext4 file system, which becomes read-only at an error. */
function ext4(mountPoint: string): void {
  const image = join(images, basename(mountPoint));
  writeFileSync(image, '');
  truncateSync(image, 32 << 20);
  execFileSync('mkfs.ext4', ['-q', '-O', '^has_journal', image]);
  execFileSync('mount', ['-o', 'loop,errors=remount-ro', image, mountPoint]);
}

function tryDisk(): SmallDisk | null {
  try {
    return new SmallDisk('root', ext4);
  } catch {
    return null;
  }
}

const disk = tryDisk();
const s = suite(disk ? { home: disk.home } : {});
after(() => {
  disk?.unmount();
  rmSync(images, { recursive: true });
});
const canBreak = requires('mkfs.ext4, and loop devices to mount it on', disk !== null);
const containers = new Containers(s);

function setImmutable(sign: '+' | '-'): void {
  const files = ['liker.db', 'liker.db-wal'].map((name) => join(s.daemon.root, name));
  execFileSync('chattr', [`${sign}i`, ...files]);
}

test(
  'a read-only database refuses changes, loses no exit, and recovers when it is writable again',
  canBreak,
  async () => {
    const id = await containers.start(['sleep', '1000']);
    setImmutable('+');
    try {
      const { code, stderr } = await s.likerctl(['create', s.rootfs, 'true']);
      assert.equal(code, 125);
      assert.match(
        stderr,
        /^likerctl: Cannot store the change: the disk that holds likerd's --root fails to read or write; .*\n$/,
      );
      assert.equal(await s.ok(['exec', id, 'echo', 'works']), 'works');
      await containers.kill(id);
      assert.equal(await containers.state(id), 'EXITED 137');
      await assert.rejects(containers.remove(id), /fails to read or write/);
      assert.equal(await containers.state(id), 'EXITED 137');
    } finally {
      setImmutable('-');
    }
    await until('the end to be stored', () => !existsSync(join(s.daemon.run, 'c', id)));
    await s.daemon.kill9();
    await s.daemon.start();
    assert.equal(await containers.state(id), 'EXITED 137');
    await containers.remove(id);
  },
);

test(
  'on a read-only file system changes are refused, running containers continue, and no daemon starts',
  canBreak,
  async () => {
    const own = new SmallDisk('root', ext4);
    const daemon = await startDaemon({ home: own.home });
    const there = new Containers({ daemon, rootfs: s.rootfs });
    try {
      const id = await there.start(['sleep', '1000'], {
        rootfs: { directory: s.rootfs, mode: 'MODE_READ_ONLY' },
      });
      const device = execFileSync('findmnt', ['-n', '-o', 'SOURCE', own.mountPoint], {
        encoding: 'utf8',
      }).trim();
      writeFileSync(`/sys/fs/ext4/${basename(device)}/trigger_fs_error`, '1');
      const { code, stderr } = await likerctl(daemon, ['create', s.rootfs, 'true']);
      assert.equal(code, 125);
      assert.match(stderr, /^likerctl: Cannot .*read-only.*; make it writable,? and try again\n$/);
      assert.equal(await there.state(id), 'RUNNING');
      await there.kill(id);
      assert.equal(await there.state(id), 'EXITED 137');
      await daemon.stop();
      const before = daemon.log.length;
      await assert.rejects(daemon.start(), /likerd ended with 1 before it served/);
      assert.match(
        daemon.log.slice(before),
        /^likerd: Cannot lock '\/.*': fcntl failed with EROFS: that file system is read-only; make it writable, and try again\n$/,
      );
      assert.deepEqual(readdirSync(join(daemon.run, 'c')), [id]);
    } finally {
      own.unmount();
      rmSync(own.home, { recursive: true, force: true });
    }
  },
);
