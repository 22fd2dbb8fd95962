import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { until } from './until.ts';

/** Of the outside; RFC 5737 and RFC 3849 keep both for documentation, so that nobody has them. */
const outside = { v4: '198.51.100.', v6: '2001:db8::', machine: 1, gateway: 254 } as const;

/** Where a machine is. */
interface Place {
  readonly pid: number;
  readonly within: readonly string[];
  close(): Promise<void>;
}

/** A network namespace that lives as long as a process which does nothing. That ends with the test, whatever happens to it. */
class Namespace implements Place {
  readonly #holder: ChildProcess;
  readonly pid: number;

  private constructor(holder: ChildProcess, pid: number) {
    this.#holder = holder;
    this.pid = pid;
  }

  static async open(): Promise<Namespace> {
    // cat ends when the pipe does, which the kernel closes if the test is killed.
    const holder = spawn('unshare', ['--net', 'cat'], { stdio: ['pipe', 'ignore', 'inherit'] });
    const pid = holder.pid ?? 0;
    const own = readlinkSync('/proc/self/ns/net');
    await until('a network namespace', () => readlinkSync(`/proc/${pid}/ns/net`) !== own);
    return new Namespace(holder, pid);
  }

  /** A command that executes another one there. */
  get within(): readonly string[] {
    return ['nsenter', `--net=/proc/${this.pid}/ns/net`];
  }

  async close(): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#holder.once('exit', resolve));
    this.#holder.stdin?.end();
    await gone;
  }
}

/** A machine in a network namespace: that which likerd runs on, or a host of the outside. */
export class NetMachine {
  readonly #namespace: Place;
  readonly v4: string;
  readonly v6: string;
  readonly #servers: ChildProcess[] = [];

  /** In a new network namespace without interfaces. `number`: the last part of its addresses, if it gets any. */
  static async open(number: number): Promise<NetMachine> {
    return new NetMachine(await Namespace.open(), number);
  }

  /** That of this process, such as one of inOwnNetwork. */
  static here(number = 0): NetMachine {
    return new NetMachine({ pid: process.pid, within: ['env'], async close() {} }, number);
  }

  private constructor(namespace: Place, number: number) {
    this.#namespace = namespace;
    this.v4 = `${outside.v4}${number}`;
    this.v6 = `${outside.v6}${number.toString(16)}`;
  }

  /** A process in it. */
  get pid(): number {
    return this.#namespace.pid;
  }

  /** What executes a command there, as `within` of a daemon. */
  get within(): readonly string[] {
    return this.#namespace.within;
  }

  /** The output of a command that is executed there. Throws if it fails. */
  run(command: readonly string[], input = ''): string {
    const [program = '', ...args] = [...this.within, ...command];
    return execFileSync(program, args, { input, encoding: 'utf8' });
  }

  sh(script: string): string {
    return this.run(['sh', '-c', script]).trimEnd();
  }

  /** Starts a server there, which is killed with the box. */
  start(command: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const [program = '', ...args] = [...this.within, ...command];
    const server = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options });
    this.#servers.push(server);
    return server;
  }

  /** Resolves when something listens on the port there. */
  async listens(port: number, protocol: 'tcp' | 'udp' = 'tcp'): Promise<void> {
    const hex = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
    // Of sockets: 0A listens, and 07 is not connected.
    const state = protocol === 'tcp' ? ' 0A ' : ' 07 ';
    const rows = () =>
      ['', '6'].flatMap((family) =>
        readFileSync(`/proc/${this.pid}/net/${protocol}${family}`, 'latin1').split('\n'),
      );
    await until(`a server at port ${port}`, () =>
      rows().some((row) => row.slice(0, row.indexOf(state)).includes(hex) && row.includes(state)),
    );
  }

  /** Names of its network interfaces. */
  links(): string[] {
    const rows = readFileSync(`/proc/${this.pid}/net/dev`, 'latin1').split('\n').slice(2, -1);
    return rows.map((row) => row.trim().split(':', 1)[0] ?? '').sort();
  }

  async close(): Promise<void> {
    for (const server of this.#servers) {
      if (server.exitCode !== null || server.signalCode !== null) continue;
      const gone = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGKILL');
      await gone;
    }
    await this.#namespace.close();
  }
}

export interface NetBoxOptions {
  /** Default: 1500. */
  readonly mtu?: number;
  /** The machine is where this process is, such as a virtual one. Default: a new network namespace. */
  readonly here?: boolean;
}

/**
 * A network for a test, away from that of the machine that the test runs on: `machine`, in which likerd runs (its option `within`), and
 * hosts of the outside, in 198.51.100.0/24 and 2001:db8::/64, which are its default route's network. Nothing has a name in /run/netns.
 * All of it is gone when the box is closed, or when the test's process ends.
 */
export class NetBox implements AsyncDisposable {
  readonly machine: NetMachine;
  /** The router of the outside, at 198.51.100.254, and its switch. */
  readonly gateway: NetMachine;
  readonly #hosts: NetMachine[] = [];
  readonly #mtu: number;

  private constructor(machine: NetMachine, gateway: NetMachine, mtu: number) {
    this.machine = machine;
    this.gateway = gateway;
    this.#mtu = mtu;
  }

  static async open({ mtu = 1500, here = false }: NetBoxOptions = {}): Promise<NetBox> {
    const machine = here ? NetMachine.here(outside.machine) : await NetMachine.open(outside.machine);
    const gateway = await NetMachine.open(outside.gateway);
    const box = new NetBox(machine, gateway, mtu);
    try {
      // What a new namespace takes from the initial one must not differ between the machines that a test runs on.
      machine.sh('echo 0 >/proc/sys/net/ipv4/ip_forward; echo 0 >/proc/sys/net/ipv6/conf/all/forwarding');
      gateway.run(['ip', '-batch', '-'], 'link add switch type bridge\nlink set switch up\nlink set lo up\n');
      box.#address(gateway, 'switch');
      box.#plug(machine, 'up0');
      box.#leadOut(machine);
    } catch (error) {
      await box.close();
      throw error;
    }
    return box;
  }

  /** A host of the outside, whose number is the last part of its addresses. */
  async host(number: number): Promise<NetMachine> {
    const host = await NetMachine.open(number);
    this.#hosts.push(host);
    this.#plug(host, 'eth0');
    this.#leadOut(host);
    return host;
  }

  #leadOut(machine: NetMachine): void {
    const { v4, v6 } = this.gateway;
    machine.run(['ip', '-batch', '-'], `route add default via ${v4}\nroute add default via ${v6}\n`);
  }

  /** Connects a machine to the switch. */
  #plug(machine: NetMachine, name: string): void {
    const port = `to${machine.pid}`;
    const { pid } = machine;
    this.gateway.run(
      ['ip', '-batch', '-'],
      [
        `link add ${port} mtu ${this.#mtu} type veth peer name ${name} mtu ${this.#mtu} netns ${pid}`,
        `link set ${port} master switch up`,
      ].join('\n'),
    );
    machine.run(['ip', '-batch', '-'], `link set lo up\nlink set ${name} up\n`);
    this.#address(machine, name);
  }

  #address(machine: NetMachine, name: string): void {
    machine.run(['ip', 'address', 'add', `${machine.v4}/24`, 'brd', '+', 'dev', name]);
    machine.run(['ip', 'address', 'add', `${machine.v6}/64`, 'dev', name, 'nodad']);
  }

  async close(): Promise<void> {
    for (const machine of [...this.#hosts, this.machine, this.gateway]) await machine.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
