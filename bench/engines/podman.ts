import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Engine, networkFlags, type RunOptions, sleeper } from './engine.ts';
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
/** CNI, on which podman may stand, keeps its addresses there and nowhere else: the runner has its own, over this folder. */
const cniFolder = '/var/lib/cni';

/** podman run --rootfs with a layer over the directory. */
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
  readonly #hadCni = existsSync(cniFolder);

  constructor(home: string, rootfs: string, within: readonly string[]) {
    const folder = join(home, 'podman');
    mkdirSync(folder, { recursive: true });
    mkdirSync(cniFolder, { recursive: true });
    const file = join(folder, 'containers.conf');
    writeFileSync(file, `${config}[network]\nnetwork_config_dir = "${join(folder, 'networks')}"\n`);
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
      within,
    });
  }

  run(args: readonly string[], options: RunOptions = {}): string {
    const { stdin, tty, withoutLog } = options;
    const flags = [stdin && '-i', tty && '-it', withoutLog && '--log-driver none'].filter(Boolean);
    return `${this.#create(['--rm', ...flags].join(' '), options)} ${args.join(' ')}`;
  }

  start(name: string, options: RunOptions = {}, args: readonly string[] = sleeper): string {
    return `${this.#create(`-d --name ${name}`, options)} ${args.join(' ')}`;
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

  #create(flags: string, options: RunOptions): string {
    return `${this.dockerLike} run ${flags} ${networkFlags(options)} --rootfs ${this.#rootfs}:O`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runner[Symbol.asyncDispose]();
    await this.#left.remove();
    // Somebody else may have it by now.
    if (!this.#hadCni && readdirSync(cniFolder).length === 0) rmdirSync(cniFolder);
  }
}
