import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from './engine.ts';
import { Runner } from './runner.ts';

interface OciConfig {
  process: { args: string[]; terminal: boolean; rlimits?: unknown };
  root: { path: string; readonly: boolean };
  linux: { cgroupsPath: string };
}

/** crun or runc on a bundle of `spec`'s defaults. No image, no layer, no log, no record: a floor more than a peer. */
export class OciRuntime implements Engine {
  readonly name: string;
  readonly every = 1;
  readonly #runner: Runner;
  readonly #state: string;
  #background: string | undefined;

  constructor(program: 'crun' | 'runc', home: string, rootfs: string) {
    this.name = program;
    const folder = join(home, program);
    this.#state = `${program} --root ${join(folder, 'state')}`;
    for (const [bundle, args] of [
      ['true', ['/bin/true']],
      ['sleep', ['/bin/sleep', '100000']],
    ] as const) {
      makeBundle(program, join(folder, bundle), rootfs, args);
    }
    this.#runner = new Runner({ cwd: folder, log: join(folder, 'log'), isolated: true });
  }

  runTrue(): Promise<number> {
    return this.#runner.time(`${this.#state} run -b true lb%N`);
  }

  async execTrue(): Promise<number> {
    if (this.#background === undefined) {
      this.#background = `lb-sleep-${process.pid}`;
      await this.#runner.time(`${this.#state} run -d -b sleep ${this.#background}`);
    }
    return this.#runner.time(`${this.#state} exec ${this.#background} /bin/true`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#background) await this.#runner.time(`${this.#state} delete -f ${this.#background}`);
    await this.#runner[Symbol.asyncDispose]();
  }
}

function makeBundle(program: string, folder: string, rootfs: string, args: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  execFileSync(program, ['spec'], { cwd: folder });
  const file = join(folder, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as OciConfig;
  config.process.args = [...args];
  config.process.terminal = false;
  // More than this machine's hard limit may be refused.
  delete config.process.rlimits;
  config.root = { path: rootfs, readonly: true };
  // Absolute: else it is below the cgroup of whoever runs the benchmark.
  config.linux.cgroupsPath = `/liker-bench-${program}-${args[0]?.split('/').at(-1)}`;
  writeFileSync(file, JSON.stringify(config));
}
