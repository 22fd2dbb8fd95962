import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { closeFd, lockFile } from '../native/libliker.ts';

/** Set by liker-rootless, which has entered the namespaces that this likerd lives in: its own path. */
const variable = 'LIKER_ROOTLESS';

/** Locked by the process that holds the namespaces; native/src/rootless/holder.c finds them by it. */
const fileOf = (run: string): string => join(run, 'namespaces.lock');

/**
 * The namespaces of an ordinary user's likerd outlive it, with a process that does nothing else: the next likerd enters them, and has
 * the same rights over the containers. Without it they would end with the last process in them, and until then could not be found.
 */
export class NamespaceHolder {
  readonly #program: string;
  readonly #run: string;

  private constructor(program: string, run: string) {
    this.#program = program;
    this.#run = run;
  }

  /** Null unless liker-rootless has started likerd. Takes its variable away, so that no child inherits it. */
  static of(env: NodeJS.ProcessEnv, run: string): NamespaceHolder | null {
    const { [variable]: program } = env;
    delete env[variable];
    return program ? new NamespaceHolder(program, run) : null;
  }

  /** Starts the process unless an earlier likerd has. Call it with the run folder claimed. */
  async hold(): Promise<void> {
    const path = fileOf(this.#run);
    const lock = lockFile(path);
    if ('holder' in lock) return;
    closeFd(lock.fd);
    const child = spawn(this.#program, ['--hold', path], {
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {},
    });
    const [what] = await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit'),
      once(child, 'error'),
    ]);
    if (!Buffer.isBuffer(what)) throw new Error(`Cannot hold the namespaces of the containers: ${what}`);
    child.stdout.destroy();
    child.unref();
  }

  /** Ends the process when no run of a container is left that would need it. */
  release(): void {
    if (readdirSync(join(this.#run, 'c')).length > 0) return;
    const lock = lockFile(fileOf(this.#run));
    if ('fd' in lock) closeFd(lock.fd);
    else process.kill(lock.holder, 'SIGTERM');
  }
}
