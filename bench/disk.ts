import { execFileSync } from 'node:child_process';
import { mkdirSync, rmdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const bytes = 24 * 2 ** 30;

/**
 * A file system in a sparse file. Where the machine's is mounted with `discard`, each file that is removed costs milliseconds, and
 * the images of a run have some million files.
 */
export class Disk implements Disposable {
  readonly folder: string;
  readonly #file: string;

  /** `parent`: an existing folder. */
  constructor(parent: string) {
    this.folder = join(parent, 'disk');
    this.#file = join(parent, 'disk.img');
    writeFileSync(this.#file, '');
    truncateSync(this.#file, bytes);
    execFileSync('mkfs.ext4', ['-q', '-E', 'nodiscard', this.#file]);
    mkdirSync(this.folder);
    // Nothing is to be written but what is measured.
    execFileSync('mount', ['-o', 'loop,noinit_itable', this.#file, this.folder]);
  }

  [Symbol.dispose](): void {
    // Whoever still uses it is ending: a peer's process, or a look at all mounts.
    execFileSync('umount', ['-l', this.folder]);
    rmdirSync(this.folder);
    rmSync(this.#file);
  }
}
