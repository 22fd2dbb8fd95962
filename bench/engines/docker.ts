import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { containerdSocket, PeerDaemon, startContainerd, unmountBelow } from './daemon.ts';
import { type Engine, findProgram, networkFlags, type RunOptions, sleeper } from './engine.ts';
import type { ImageCommands } from './image-commands.ts';
import { LeftGroups } from './left-groups.ts';
import { Runner } from './runner.ts';

const image = 'liker-bench';
const networkless = ['--bridge=none', '--iptables=false', '--ip-forward=false', '--ip-masq=false'];

/**
 * docker with its own dockerd and containerd: root, state and sockets are in the benchmark's folder. In the host's network namespace, its options
 * keep it from creating a bridge or firewall rules and from enabling forwarding, so that the host's network does not change.
 */
export class Docker implements Engine {
  readonly name = 'docker';
  readonly every = 5;
  readonly isRuntime = false;
  readonly helper = 'containerd-shim';
  readonly runner: Runner;
  readonly images: ImageCommands;
  readonly dockerLike: string;
  readonly #folder: string;
  readonly #daemons: readonly PeerDaemon[];
  readonly #left = new LeftGroups('docker');

  private constructor(folder: string, docker: string, daemons: readonly PeerDaemon[]) {
    this.#folder = folder;
    this.dockerLike = docker;
    this.#daemons = daemons;
    this.images = {
      pull: ({ name }) => `${docker} pull -q ${name}`,
      load: ({ archive }) => `${docker} load -q -i ${archive}`,
      remove: ({ name }) => `${docker} rmi -f ${name}`,
    };
    this.runner = new Runner({ cwd: folder, log: join(folder, 'log') });
  }

  static async open(home: string, rootfs: string, within: readonly string[]): Promise<Docker> {
    const folder = join(home, 'docker');
    mkdirSync(folder);
    const containerd = await startContainerd(join(folder, 'c'));
    const socket = join(folder, 'docker.sock');
    const dockerd = await PeerDaemon.start(
      [
        'dockerd',
        ...['--containerd', containerdSocket(join(folder, 'c'))],
        ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
        ...['--pidfile', join(folder, 'pid'), '-H', `unix://${socket}`],
        ...(within.length === 0 ? networkless : []),
      ],
      { socket, log: join(folder, 'dockerd.log'), within },
    ).catch(async (error: unknown) => {
      await containerd[Symbol.asyncDispose]();
      throw error;
    });
    const client = `${clientBeside()} -H unix://${socket}`;
    const docker = new Docker(folder, client, [dockerd, containerd]);
    execFileSync('sh', ['-c', `tar -C ${rootfs} -c . | ${client} import - ${image}`], { stdio: 'pipe' });
    return docker;
  }

  get daemons(): readonly number[] {
    return this.#daemons.map(({ pid }) => pid);
  }

  run(args: readonly string[], options: RunOptions = {}): string {
    const { stdin, tty, withoutLog } = options;
    const flags = [stdin && '-i', tty && '-it', withoutLog && '--log-driver none'].filter(Boolean);
    return `${this.dockerLike} run --rm ${flags.join(' ')} ${networkFlags(options)} ${image} ${args.join(' ')}`;
  }

  start(name: string, options: RunOptions = {}, args: readonly string[] = sleeper): string {
    return `${this.dockerLike} run -d --name ${name} ${networkFlags(options)} ${image} ${args.join(' ')}`;
  }

  exec(name: string, args: readonly string[]): string {
    return `${this.dockerLike} exec ${name} ${args.join(' ')}`;
  }

  list(): string {
    return `${this.dockerLike} ps`;
  }

  remove(names: readonly string[]): string {
    return `${this.dockerLike} rm -f ${names.join(' ')}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runner[Symbol.asyncDispose]();
    for (const daemon of this.#daemons) await daemon[Symbol.asyncDispose]();
    unmountBelow(this.#folder);
    await this.#left.remove();
  }
}

/** The client of the daemon's release, since the PATH may find another one first. */
function clientBeside(): string {
  const packaged = '/usr/bin/docker';
  return existsSync(packaged) ? packaged : (findProgram('docker') ?? 'docker');
}
