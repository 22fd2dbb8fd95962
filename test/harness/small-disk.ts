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
 * A home for a daemon with one of its folders on a small file system that a test can fill. Pass `home` to the suite or the
 * daemon, and unmount it afterwards.
 */
export class SmallDisk {
  readonly home: string;
  readonly mountPoint: string;

  constructor(folder: 'root' | 'run', mount: (mountPoint: string) => void = tmpfs) {
    this.home = mkdtempSync(join(tmpdir(), 'lk-'));
    // Not below the home, where containers must not leave a mount.
    this.mountPoint = mkdtempSync(join(tmpdir(), 'lkd-'));
    mount(this.mountPoint);
    mkdirSync(join(this.mountPoint, 'data'));
    symlinkSync(join(this.mountPoint, 'data'), join(this.home, folder));
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.mountPoint);
    return bavail * bsize;
  }

  /** Fills it, to the last block. */
  fill(): void {
    const fd = openSync(this.#filler, 'a');
    try {
      for (const size of [1 << 20, 1 << 12, 1]) while (writes(fd, size));
    } finally {
      closeSync(fd);
    }
  }

  /** Uses up all inodes: no file or folder can be created. */
  fillInodes(): void {
    mkdirSync(this.#names);
    for (let name = 0; makes(join(this.#names, String(name))); name++);
  }

  /** Frees everything again. */
  free(): void {
    rmSync(this.#filler, { force: true });
    rmSync(this.#names, { recursive: true, force: true });
  }

  unmount(): void {
    execFileSync('umount', ['-l', this.mountPoint]);
    rmSync(this.mountPoint, { recursive: true });
  }

  get #names(): string {
    return join(this.mountPoint, 'names');
  }

  get #filler(): string {
    return join(this.mountPoint, 'filler');
  }
}

function tmpfs(mountPoint: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m,nr_inodes=2k', 'tmpfs', mountPoint]);
}

function makes(path: string): boolean {
  return hasRoom(() => {
    closeSync(openSync(path, 'w'));
    return true;
  });
}

function writes(fd: number, size: number): boolean {
  return hasRoom(() => writeSync(fd, Buffer.alloc(size)) === size);
}

/** False also if a part was written. */
function hasRoom(act: () => boolean): boolean {
  try {
    return act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}
