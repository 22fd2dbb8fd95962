import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Engine, type RunOptions, sleeper } from './engine.ts';
import type { ImageCommands } from './image-commands.ts';
import { LeftGroups } from './left-groups.ts';
import { Runner } from './runner.ts';

/** Limits that can be set without CAP_SYS_RESOURCE. */
const config = `[containers]
default_ulimits = ["nofile=20000:20000", "nproc=16384:16384"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
`;

/** podman run --rootfs with a layer over the directory, without a network. */
export class Podman implements Engine {
  readonly name = 'podman';
  readonly every = 5;
  readonly isRuntime = false;
  readonly helper = 'conmon';
  readonly daemons = [];
  readonly images: ImageCommands;
  readonly runner: Runner;
  readonly dockerLike: string;
  readonly #rootfs: string;
  /** podman leaves these in every hierarchy, beside those of its containers. */
  readonly #left = new LeftGroups('libpod_parent/conmon', 'libpod_parent');

  constructor(home: string, rootfs: string) {
    const folder = join(home, 'podman');
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'containers.conf');
    writeFileSync(file, config);
    this.#rootfs = rootfs;
    const podman = `podman --root ${join(folder, 'root')} --runroot ${join(folder, 'run')}`;
    this.dockerLike = podman;
    this.images = {
      pull: ({ name }) => `${podman} pull -q --tls-verify=false ${name}`,
      load: ({ layout }) => `${podman} pull -q oci:${layout}:latest`,
      remove: () => `${podman} rmi -a -f`,
    };
    this.runner = new Runner({
      cwd: folder,
      log: join(folder, 'log'),
      env: { CONTAINERS_CONF: file },
      isolated: true,
    });
  }

  run(args: readonly string[], { stdin, tty, withoutLog }: RunOptions = {}): string {
    const flags = [stdin && '-i', tty && '-it', withoutLog && '--log-driver none'].filter(Boolean);
    return `${this.#create(['--rm', ...flags].join(' '))} ${args.join(' ')}`;
  }

  start(name: string): string {
    return `${this.#create(`-d --name ${name}`)} ${sleeper.join(' ')}`;
  }

  exec(name: string, args: readonly string[]): string {
    return `${this.dockerLike} exec ${name} ${args.join(' ')}`;
  }

  list(): string {
    return `${this.dockerLike} ps`;
  }

  remove(names: readonly string[]): string {
    return `${this.dockerLike} rm -f --ignore -t 0 ${names.join(' ')}`;
  }

  #create(flags: string): string {
    return `${this.dockerLike} run ${flags} --network none --rootfs ${this.#rootfs}:O`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runner[Symbol.asyncDispose]();
    await this.#left.remove();
  }
}
