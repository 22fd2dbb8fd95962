import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { containerdSocket, type PeerDaemon, startContainerd, unmountBelow } from './daemon.ts';
import { type Engine, type RunOptions, sleeper } from './engine.ts';
import type { ImageCommands } from './image-commands.ts';
import { LeftGroups } from './left-groups.ts';
import { Runner } from './runner.ts';

/** containerd with its own client, on the directory: no image, no layer, no log. */
export class Ctr implements Engine {
  readonly name = 'ctr';
  readonly every = 5;
  readonly isRuntime = false;
  readonly helper = 'containerd-shim';
  readonly runner: Runner;
  readonly images: ImageCommands;
  readonly dockerLike = null;
  readonly #folder: string;
  readonly #ctr: string;
  readonly #rootfs: string;
  readonly #containerd: PeerDaemon;
  readonly #left = new LeftGroups('default');

  private constructor(folder: string, rootfs: string, containerd: PeerDaemon) {
    this.#folder = folder;
    this.#rootfs = rootfs;
    this.#containerd = containerd;
    this.#ctr = `ctr -a ${containerdSocket(folder)}`;
    const images = `${this.#ctr} images`;
    this.images = {
      pull: ({ name }) => `${images} pull --plain-http ${name}`,
      load: ({ name, archive }) => `${images} import --index-name ${name} ${archive}`,
      remove: () => `${images} rm --sync $(${images} ls -q)`,
    };
    this.runner = new Runner({ cwd: folder, log: join(folder, 'log') });
  }

  static async open(home: string, rootfs: string): Promise<Ctr> {
    const folder = join(home, 'ctr');
    mkdirSync(folder);
    return new Ctr(folder, rootfs, await startContainerd(folder));
  }

  get daemons(): readonly number[] {
    return [this.#containerd.pid];
  }

  run(args: readonly string[], { tty }: RunOptions = {}): string {
    return `${this.#ctr} run --rm ${tty ? '-t' : ''} --rootfs ${this.#rootfs} lb%N ${args.join(' ')}`;
  }

  start(name: string): string {
    return `${this.#ctr} run -d --rootfs ${this.#rootfs} ${name} ${sleeper.join(' ')}`;
  }

  exec(name: string, args: readonly string[]): string {
    return `${this.#ctr} task exec --exec-id e%N ${name} ${args.join(' ')}`;
  }

  list(): string {
    return `${this.#ctr} task ls`;
  }

  remove(names: readonly string[]): string {
    return `${this.#ctr} task rm -f ${names.join(' ')} && ${this.#ctr} container rm ${names.join(' ')}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runner[Symbol.asyncDispose]();
    await this.#containerd[Symbol.asyncDispose]();
    unmountBelow(this.#folder);
    await this.#left.remove();
  }
}
