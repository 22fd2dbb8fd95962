import { globSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from './engine.ts';
import { Runner } from './runner.ts';

/** Limits that a machine without CAP_SYS_RESOURCE can set. */
const config = `[containers]
default_ulimits = ["nofile=20000:20000", "nproc=16384:16384"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
`;

/** Groups that podman makes beside those of its containers, in every hierarchy, and leaves there. */
function leftGroups(): string[] {
  return ['/conmon', ''].flatMap((below) => globSync(`/sys/fs/cgroup/{*/,}libpod_parent${below}`));
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
    const left = leftGroups().filter((group) => !this.#groupsBefore.has(group));
    for (const group of left) await removeGroup(group);
  }
}

/** The last of podman's own processes in it may take a moment to end. */
async function removeGroup(group: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      rmdirSync(group);
      return;
    } catch (error) {
      if (tries === 50) throw error;
      await sleep(20);
    }
  }
}
