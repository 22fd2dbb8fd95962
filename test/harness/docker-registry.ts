import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The password is secret. */
const user = 'user:$2y$04$7mlhUHUNHWYBASHecWC57ed82MB6ETkeCUYgBhBTQxOsipqXqOdlO\n';

export interface DockerRegistryOptions {
  /** Wants the credentials user:secret. */
  readonly auth?: boolean;
  /** A command that executes another one where it is to listen, such as in a network of a test's own. */
  readonly within?: readonly string[];
  /** Files of a certificate and its key. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Debian's docker-registry, on a port of 127.0.0.1, with what it stores in a folder of its own. */
export class DockerRegistry implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #folder: string;
  /** 127.0.0.1:PORT */
  readonly host: string;

  private constructor(child: ChildProcess, folder: string, host: string) {
    this.#child = child;
    this.#folder = folder;
    this.host = host;
  }

  static async start({
    auth = false,
    within = [],
    tls,
  }: DockerRegistryOptions = {}): Promise<DockerRegistry> {
    const folder = mkdtempSync(join(tmpdir(), 'liker-registry-'));
    const users = join(folder, 'htpasswd');
    writeFileSync(users, user);
    const settings = {
      version: '0.1',
      log: { level: 'info', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
      http: { addr: '127.0.0.1:0', ...(tls && { tls: { certificate: tls.cert, key: tls.key } }) },
      ...(auth && { auth: { htpasswd: { realm: 'liker', path: users } } }),
    };
    // YAML contains JSON.
    writeFileSync(join(folder, 'config.yml'), JSON.stringify(settings));
    const command = [...within, 'docker-registry', 'serve', join(folder, 'config.yml')];
    const [program = '', ...args] = command;
    const child = spawn(program, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none' },
    });
    const told: string[] = [];
    for await (const line of createInterface({ input: child.stderr })) {
      told.push(line);
      const host = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (host === undefined) continue;
      child.stderr.resume();
      return new DockerRegistry(child, folder, host);
    }
    throw new Error(`docker-registry did not start:\n${told.join('\n')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.kill();
    await gone;
    rmSync(this.#folder, { recursive: true });
  }
}
