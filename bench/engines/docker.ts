import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { containerdSocket, PeerDaemon, startContainerd, unmountBelow } from './daemon.ts';
import { DockerClient } from './docker-client.ts';
import type { Engine } from './engine.ts';
import type { ImageCommands } from './image-commands.ts';
import { LeftGroups } from './left-groups.ts';
import { Runner } from './runner.ts';

const networkless = ['--bridge=none', '--iptables=false', '--ip-forward=false', '--ip-masq=false'];

/**
 * docker with its own dockerd and containerd: root, state and sockets are in the benchmark's folder. In the host's network namespace, its options
 * keep it from creating a bridge or firewall rules and from enabling forwarding, so that the host's network does not change.
 */
export class Docker extends DockerClient implements Engine {
  readonly name = 'docker';
  readonly every = 5;
  readonly isRuntime = false;
  readonly helper = 'containerd-shim';
  readonly runner: Runner;
  readonly images: ImageCommands;
  readonly #folder: string;
  readonly #daemons: readonly PeerDaemon[];
  readonly #left = new LeftGroups('docker');

  private constructor(folder: string, socket: string, daemons: readonly PeerDaemon[]) {
    super(socket);
    this.#folder = folder;
    this.#daemons = daemons;
    const docker = this.dockerLike;
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
    const docker = new Docker(folder, socket, [dockerd, containerd]);
    docker.import(rootfs);
    return docker;
  }

  get daemons(): readonly number[] {
    return this.#daemons.map(({ pid }) => pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runner[Symbol.asyncDispose]();
    for (const daemon of this.#daemons) await daemon[Symbol.asyncDispose]();
    unmountBelow(this.#folder);
    await this.#left.remove();
  }
}
