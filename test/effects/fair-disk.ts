import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { deviceNumbers } from '../../common/device-numbers.ts';

const losetup = (...words: string[]): string =>
  execFileSync('losetup', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

/** A sparse disk whose scheduler respects weights: a loop device with bfq. If it cannot be made, `problem` says why. */
export class FairDisk {
  readonly problem: string = '';
  readonly node: string = '';
  readonly #file: string;
  readonly #undo = new DisposableStack();

  constructor(folder: string) {
    this.#file = join(folder, 'fair-disk');
    this.#undo.defer(() => rmSync(this.#file, { force: true }));
    writeFileSync(this.#file, '');
    truncateSync(this.#file, 2 ** 40);
    try {
      this.node = losetup('--find', '--show', this.#file);
      this.#undo.defer(() => losetup('--detach', this.node));
      const queue = `/sys/block/${basename(this.node)}/queue`;
      const before = /\[(.*)\]/.exec(readFileSync(`${queue}/scheduler`, 'utf8'))?.[1] ?? 'none';
      writeFileSync(`${queue}/scheduler`, 'bfq');
      this.#undo.defer(() => writeFileSync(`${queue}/scheduler`, before));
      for (const [file, value] of [
        // low_latency would prefer processes that have just started, whatever their weights.
        ['low_latency', '0'],
        // Idles until the current process sends its next request, so that nobody else gets its turn.
        ['strict_guarantees', '1'],
        ['slice_idle', '30'],
      ] as const)
        writeFileSync(`${queue}/iosched/${file}`, value);
    } catch (error) {
      this.problem = `weights are felt only below the scheduler bfq; no loop device has it: ${(error as Error).message.trim()}`;
    }
  }

  get number(): string {
    const { major, minor } = deviceNumbers(statSync(this.node).rdev);
    return `${major}:${minor}`;
  }

  remove(): void {
    this.#undo.dispose();
  }
}
