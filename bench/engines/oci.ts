import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Engine, sleeper } from './engine.ts';
import { Runner } from './runner.ts';

interface OciConfig {
  process: { args: string[]; terminal: boolean; rlimits?: unknown };
  root: { path: string; readonly: boolean };
  linux: { cgroupsPath: string };
}

/** crun or runc on bundles with `spec`'s defaults. No image, no layer, no log, no record: a lower bound rather than a peer. */
export class OciRuntime implements Engine {
  readonly name: string;
  readonly every = 1;
  readonly isRuntime = true;
  readonly helper = '';
  readonly daemons = [];
  readonly images = null;
  readonly dockerLike = null;
  readonly runner: Runner;
  readonly #program: 'crun' | 'runc';
  readonly #folder: string;
  readonly #rootfs: string;
  /** Program → folder of its bundle. */
  readonly #bundles = new Map<string, string>();

  constructor(program: 'crun' | 'runc', home: string, rootfs: string) {
    this.name = program;
    this.#program = program;
    this.#rootfs = rootfs;
    this.#folder = join(home, program);
    mkdirSync(this.#folder);
    this.runner = new Runner({ cwd: this.#folder, log: join(this.#folder, 'log'), isolated: true });
  }

  run(args: readonly string[]): string {
    return `${this.#command('run')} -b ${this.#bundle(args)} lb%N`;
  }

  start(name: string): string {
    return `${this.#command('run')} -d -b ${this.#bundle(sleeper, name)} ${name}`;
  }

  exec(name: string, args: readonly string[]): string {
    return `${this.#command('exec')} ${name} ${args.join(' ')}`;
  }

  list(): string {
    return this.#command('list');
  }

  remove(names: readonly string[]): string {
    return names.map((name) => `${this.#command('delete')} -f ${name}`).join(' && ');
  }

  #command(verb: string): string {
    return `${this.#program} --root ${join(this.#folder, 'state')} ${verb}`;
  }

  /** Each idle container has a cgroup with its name. */
  #bundle(args: readonly string[], name = args[0]?.split('/').at(-1) ?? ''): string {
    const key = [name, ...args].join(' ');
    const known = this.#bundles.get(key);
    if (known !== undefined) return known;
    const folder = join(this.#folder, `bundle-${this.#bundles.size}`);
    this.#bundles.set(key, folder);
    makeBundle(this.#program, folder, { rootfs: this.#rootfs, args, name });
    return folder;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runner[Symbol.asyncDispose]();
  }
}

function makeBundle(
  program: string,
  folder: string,
  { rootfs, args, name }: { rootfs: string; args: readonly string[]; name: string },
): void {
  mkdirSync(folder);
  execFileSync(program, ['spec'], { cwd: folder });
  const file = join(folder, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as OciConfig;
  config.process.args = [...args];
  config.process.terminal = false;
  // The default may exceed this machine's hard limit and be refused.
  delete config.process.rlimits;
  config.root = { path: rootfs, readonly: true };
  // Absolute: a relative path would be below the cgroup of the benchmark's caller.
  config.linux.cgroupsPath = `/liker-bench-${program}-${name}`;
  writeFileSync(file, JSON.stringify(config));
}
