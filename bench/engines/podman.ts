import { globSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from './engine.ts';
import { Runner } from './runner.ts';

/** Limits that a machine without CAP_SYS_RESOURCE can set. */
const config = `[containers]
default_ulimits = ["nofile=20000:20000", "nproc=16384:16384"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
`;

/** Groups that podman makes above those of its containers, in every hierarchy, and leaves there. */
function leftGroups(): string[] {
  return globSync('/sys/fs/cgroup/{*/,}libpod_parent');
}

/** podman run --rootfs with a layer of its own over the directory, no network. */
export class Podman implements Engine {
  readonly name = 'podman';
  readonly every = 5;
  readonly #runner: Runner;
  readonly #podman: string;
  readonly #rootfs: string;
  readonly #groupsBefore = new Set(leftGroups());
  #background: string | undefined;

  constructor(home: string, rootfs: string) {
    const folder = join(home, 'podman');
    mkdirSync(folder, { recursive: true });
    const file = join(folder, 'containers.conf');
    writeFileSync(file, config);
    this.#rootfs = rootfs;
    this.#podman = `podman --root ${join(folder, 'root')} --runroot ${join(folder, 'run')}`;
    this.#runner = new Runner({
      cwd: folder,
      log: join(folder, 'log'),
      env: { CONTAINERS_CONF: file },
      isolated: true,
    });
  }

  runTrue(): Promise<number> {
    return this.#runner.time(`${this.#podman} run --rm --network none --rootfs ${this.#rootfs}:O /bin/true`);
  }

  async execTrue(): Promise<number> {
    if (this.#background === undefined) {
      this.#background = `lb-sleep-${process.pid}`;
      await this.#runner.time(
        `${this.#podman} run -d --name ${this.#background} --network none --rootfs ${this.#rootfs}:O /bin/sleep 100000`,
      );
    }
    return this.#runner.time(`${this.#podman} exec ${this.#background} /bin/true`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#background) await this.#runner.time(`${this.#podman} rm -f -t 0 ${this.#background}`);
    await this.#runner[Symbol.asyncDispose]();
    for (const group of leftGroups()) if (!this.#groupsBefore.has(group)) rmdirSync(group);
  }
}
