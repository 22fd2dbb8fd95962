import { execFileSync } from 'node:child_process';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { deviceNumbers } from '../../daemon/kernel/cgroup/controllers/block-device.ts';

const mib = 2 ** 20;

/** A disk whose scheduler goes by weights: a loop device below bfq. Where there can be none, `problem` says why. */
export class FairDisk {
  readonly problem: string = '';
  readonly node: string = '';
  readonly #file: string;

  constructor(folder: string) {
    this.#file = join(folder, 'fair-disk');
    writeFileSync(this.#file, Buffer.alloc(16 * mib, 'x'));
    try {
      const words = ['--find', '--show', this.#file];
      this.node = execFileSync('losetup', words, {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      }).trim();
      const queue = `/sys/block/${basename(this.node)}/queue`;
      writeFileSync(`${queue}/scheduler`, 'bfq');
      // It would prefer whoever has just begun, whatever the weights.
      writeFileSync(`${queue}/iosched/low_latency`, '0');
    } catch (error) {
      this.problem = `weights are felt only below the scheduler bfq; no loop device has it: ${(error as Error).message.trim()}`;
    }
  }

  get number(): string {
    const { major, minor } = deviceNumbers(statSync(this.node).rdev);
    return `${major}:${minor}`;
  }

  remove(): void {
    if (this.node !== '') execFileSync('losetup', ['--detach', this.node]);
    rmSync(this.#file, { force: true });
  }
}
