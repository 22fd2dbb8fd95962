import { execFileSync } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A home for a daemon with one of its folders on a small file system, which a test can fill. Pass `home` to the suite or the
 * daemon, and unmount when that has ended.
 */
export class SmallDisk {
  readonly home: string;
  readonly mountPoint: string;

  constructor(folder: 'root' | 'run', mount: (mountPoint: string) => void = tmpfs) {
    this.home = mkdtempSync(join(tmpdir(), 'lk-'));
    // Not below the home, where no mount may be left by a container.
    this.mountPoint = mkdtempSync(join(tmpdir(), 'lkd-'));
    mount(this.mountPoint);
    mkdirSync(join(this.mountPoint, 'data'));
    symlinkSync(join(this.mountPoint, 'data'), join(this.home, folder));
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.mountPoint);
    return bavail * bsize;
  }

  /** Takes all room that there is, to the last block. */
  fill(): void {
    const fd = openSync(this.#filler, 'a');
    try {
      for (const size of [1 << 20, 1 << 12, 1]) while (writes(fd, size));
    } finally {
      closeSync(fd);
    }
  }

  /** Gives back what `fill` has taken. */
  free(): void {
    rmSync(this.#filler, { force: true });
  }

  unmount(): void {
    execFileSync('umount', ['-l', this.mountPoint]);
    rmSync(this.mountPoint, { recursive: true });
  }

  get #filler(): string {
    return join(this.mountPoint, 'filler');
  }
}

function tmpfs(mountPoint: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', mountPoint]);
}

function writes(fd: number, size: number): boolean {
  try {
    return writeSync(fd, Buffer.alloc(size)) === size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}
