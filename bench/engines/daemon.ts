import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const readyMs = 30_000;

/** A peer's daemon that serves a socket in the benchmark's folder. */
export class PeerDaemon implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #log: string;

  private constructor(child: ChildProcess, log: string) {
    this.#child = child;
    this.#log = log;
  }

  static async start(
    command: readonly string[],
    options: { socket: string; log: string; within?: readonly string[] },
  ): Promise<PeerDaemon> {
    const [program = '', ...args] = [...(options.within ?? []), ...command];
    const log = openSync(options.log, 'a');
    const child = spawn(program, args, { cwd: '/', stdio: ['ignore', log, log], detached: true });
    const daemon = new PeerDaemon(child, options.log);
    const end = performance.now() + readyMs;
    while (!(await answers(options.socket))) {
      if (child.exitCode !== null || performance.now() > end) throw daemon.#failed(command[0]);
      await sleep(20);
    }
    return daemon;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  #failed(program = ''): Error {
    this.#child.kill('SIGKILL');
    const last = readFileSync(this.#log, 'utf8').trimEnd().split('\n').at(-1);
    return new Error(`${program} does not serve: ${last}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.on('connect', () => resolve(true)).on('error', () => resolve(false));
    connection.on('connect', () => connection.destroy());
  });
}

/** containerd with all its files below its own folder. */
export function startContainerd(folder: string): Promise<PeerDaemon> {
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'config.toml');
  const socket = containerdSocket(folder);
  writeFileSync(
    config,
    `version = 2
root = "${join(folder, 'root')}"
state = "${join(folder, 'state')}"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "${socket}"
`,
  );
  return PeerDaemon.start(['containerd', '-c', config], { socket, log: join(folder, 'containerd.log') });
}

export function containerdSocket(folder: string): string {
  return join(folder, 'containerd.sock');
}

/** Mounts that a peer has left below its folder. */
export function unmountBelow(folder: string): void {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(`${folder}/`));
  for (const path of mounts.reverse()) execFileSync('umount', ['-l', path]);
}
