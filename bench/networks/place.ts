import { join } from 'node:path';
import { NetBox, type NetMachine } from '../../test/harness/net-box.ts';
import { compile } from '../../test/harness/rootfs.ts';
import type { Bench } from '../cases/case.ts';
import { type Engine, isInstalled, networkFlags, sleeper } from '../engines/engine.ts';
import { Runner } from '../engines/runner.ts';
import { Lab, type LabOptions } from '../lab.ts';
import { openPeers, peerNames } from '../peers.ts';

export const own = 'liker';
/** Engines that connect containers to a bridge by Docker's flags. */
const connecting = ['docker', 'podman'];

/** Shell commands of an engine. */
export type Commands = Pick<Engine, 'name' | 'runner' | 'run' | 'start' | 'exec' | 'remove'>;

/**
 * A host for each engine, and one that has none, on a network of their own. None of it is the machine's: not its interfaces, its firewall, nor its
 * settings.
 */
export class Place implements AsyncDisposable {
  readonly outside: NetMachine;
  readonly lab: Lab;
  /** Runs commands outside. */
  readonly shell: Runner;
  /** likerctl first. */
  readonly engines: readonly Commands[];
  readonly #box: NetBox;
  readonly #stack: AsyncDisposableStack;
  #hosts: number;

  private constructor(
    box: NetBox,
    stack: AsyncDisposableStack,
    { outside, lab, shell, engines }: Pick<Place, 'outside' | 'lab' | 'shell' | 'engines'>,
  ) {
    this.#box = box;
    this.#stack = stack;
    this.outside = outside;
    this.lab = lab;
    this.shell = shell;
    this.engines = engines;
    this.#hosts = firstHost + connecting.length;
  }

  /** `args`: more for likerd. */
  static async open(
    { lab: { checkout }, peers }: { readonly lab: Pick<Lab, 'checkout'>; readonly peers: Bench['peers'] },
    args: LabOptions['args'] = () => [],
  ): Promise<Place> {
    await using stack = new AsyncDisposableStack();
    const box = stack.use(await NetBox.open());
    const outside = await box.host(outsideHost);
    const { machine } = box;
    const programs = isInstalled('iperf3') ? ['iperf3'] : [];
    const lab = stack.use(await Lab.open({ checkout, within: machine.within, programs, args }));
    compile('net-load', join(lab.rootfs, 'bin/net-load'));
    const runner = stack.use(new Runner({ cwd: lab.home, log: join(lab.home, 'log'), env: lab.env }));
    const shell = stack.use(
      new Runner({ cwd: lab.home, log: join(lab.home, 'log'), within: outside.within }),
    );
    const measured = peers.map(({ name }) => name).filter((name) => connecting.includes(name));
    const without = peerNames.filter((name) => !measured.includes(name));
    const hostOf = async (name: string) => (await box.host(firstHost + connecting.indexOf(name))).within;
    const others = (await openPeers(lab, without, hostOf)).map((peer) => stack.use(peer));
    const engines = [likerctl(lab, runner), ...others];
    return new Place(box, stack.move(), { outside, lab, shell, engines });
  }

  /** One more likerd, on a host of its own, which the caller disposes of. */
  async another(): Promise<Lab> {
    const { within } = await this.#box.host(this.#hosts++);
    return Lab.open({ checkout: this.lab.checkout, within });
  }

  /** The address of an engine's host. */
  addressOf({ name }: Commands): string {
    const index = connecting.indexOf(name);
    return index < 0 ? this.#box.machine.v4 : this.outside.v4.replace(/\d+$/, String(firstHost + index));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack[Symbol.asyncDispose]();
  }
}

/** Last parts of their addresses. */
const outsideHost = 9;
const firstHost = 10;

function likerctl(lab: Lab, runner: Runner): Commands {
  const { likerctl: program, rootfs } = lab;
  return {
    name: own,
    runner,
    run: (args, options = {}) => `${program} run --rm ${networkFlags(options)} ${rootfs} ${args.join(' ')}`,
    start: (name, options = {}, args = sleeper) =>
      `${program} run -d --name ${name} ${networkFlags(options)} ${rootfs} ${args.join(' ')}`,
    exec: (name, args) => `${program} exec ${name} ${args.join(' ')}`,
    remove: (names) => `${program} rm -f ${names.join(' ')}`,
  };
}
