import { join } from 'node:path';
import { asError, LikerError } from '../../../common/errors.ts';
import type { Log } from '../../host/log.ts';
import { retry } from '../../loop/retry.ts';
import { openResolverSockets } from '../../native/libliker.ts';
import { HostServers } from './host-servers.ts';
import type { ResolverConnection } from './resolver-connection.ts';
import { type Denial, watchDenials } from './resolver-denials.ts';
import {
  beginRequest,
  endRequest,
  joinRequest,
  leaveRequest,
  type Names,
  removeRequest,
  showRequest,
  upstreamsRequest,
  type View,
} from './resolver-messages.ts';
import { type NamePolicy, policyRequest, tableMadeRequest } from './resolver-policy.ts';
import { connectTo, defaultProgram } from './resolver-process.ts';

export type { Denial } from './resolver-denials.ts';
export type { Names, View } from './resolver-messages.ts';
export type { NamePolicy, NameRule, PortRange } from './resolver-policy.ts';

/** As HostProcess of daemon/kernel/process. */
interface Process {
  readonly pid: number;
  readonly startTime: string;
}

export interface ResolverOptions {
  /** likerd's run folder. */
  readonly run: string;
  /** The container's first process while it lives, in whose network namespace sockets are opened again; null: none. */
  readonly processOf: (container: string) => Process | null;
  readonly log: Log;
  /** The program, and before it whatever it is started by. */
  readonly command?: readonly string[];
  /** The host's resolv.conf(5). */
  readonly hostFile?: string;
  /** Without it no container can have a policy. */
  readonly firewall?: {
    /** The table (inet) whose sets get the addresses that policies allow. */
    readonly table: string;
    /** Of NFLOG: it logs what it denies there, with the table's name as the prefix. */
    readonly group: number;
  };
}

/** How long the program stays without containers: the next one need not wait for it to start. */
const idleMs = 60_000;
/** Between attempts to start it again. */
const pauses = { firstMs: 20, longestMs: 5_000 };

/** What it answers to showRequest of a container whose sockets it does not have. */
const lacksSockets = 'ENOTCONN';

/**
 * The names of containers, which liker-resolver answers at 127.0.0.11 in their network namespaces. The program outlives likerd, and
 * goes on answering. What it knows is kept here as well, so that another one can take its place.
 */
export class Resolver implements Disposable {
  readonly socket: string;
  readonly #options: ResolverOptions;
  /** By network, then by container. */
  readonly #members = new Map<string, Map<string, Names>>();
  readonly #views = new Map<string, View>();
  readonly #policies = new Map<string, NamePolicy>();
  #servers: HostServers | null = null;
  #connection: ResolverConnection | null = null;
  #connecting: Promise<ResolverConnection> | null = null;
  #begun = false;
  #closed = false;
  #denied: (denial: Denial) => void = () => {};
  #idle: NodeJS.Timeout | null = null;

  constructor(options: ResolverOptions) {
    this.#options = options;
    this.socket = join(options.run, 'resolver.sock');
  }

  /**
   * Until this is called, after containers were adopted, the other calls only note what is wanted. Then the program is found or
   * started, if a container needs it; it forgets what is no longer wanted, and gets the sockets that it lacks.
   */
  async begin(): Promise<void> {
    this.#begun = true;
    if (this.#views.size > 0) await this.ensure();
  }

  /** Resolves when the program runs and knows everything. Rejects if it cannot be started. */
  async ensure(): Promise<void> {
    await this.#connected();
  }

  /**
   * What the container is called in the network, in place of what it was; null: it is not in it. Resolves when the others can find
   * it.
   */
  async setNames(network: string, container: string, names: Names | null): Promise<void> {
    if (names === null) {
      this.#forget(network, container);
      this.#mention(leaveRequest(network, container));
      return;
    }
    const members = this.#members.get(network) ?? new Map<string, Names>();
    this.#members.set(network, members.set(container, names));
    await this.#tell(joinRequest(network, container, names));
  }

  /** Says what the container sees, in place of what it saw. Its sockets, which may come before or after, are read from then on. */
  async setContainer(container: string, view: View): Promise<void> {
    this.#views.set(container, view);
    await this.#tell(showRequest(container, view));
  }

  /**
   * Before setContainer: the names that the container may ask for, and what it may reach of them, in place of what it was; null: anything. Resolves when what
   * is no longer allowed is out of the table.
   */
  async setPolicy(container: string, policy: NamePolicy | null): Promise<void> {
    if (!policy && !this.#policies.has(container)) return;
    const request = policyRequest(container, policy);
    if (policy) this.#policies.set(container, policy);
    else this.#policies.delete(container);
    await this.#tell(request);
  }

  /** The table was made anew, and the addresses that can still be reached are to be in it again. */
  async tableMade(): Promise<void> {
    if (this.#policies.size > 0) await this.#tell(tableMadeRequest());
  }

  /** What containers with a policy are denied from now on, and what nobody has heard of yet: at most every 200 ms of the same. */
  onDenied(listener: (denial: Denial) => void): void {
    this.#denied = listener;
  }

  /** The container leaves all networks, and its sockets are closed, since they keep its network namespace. */
  remove(container: string): void {
    this.#views.delete(container);
    this.#policies.delete(container);
    for (const network of [...this.#members.keys()]) this.#forget(network, container);
    this.#mention(removeRequest(container));
    if (this.#views.size === 0) this.#restSoon();
  }

  /** After setContainer: opens the container's sockets in the network namespace of the process, unless the program has them. */
  async open(container: string, process: Process): Promise<void> {
    const view = this.#views.get(container);
    if (!view) return;
    const connection = await this.#connected();
    const errno = await connection.ask(showRequest(container, view));
    if (errno === lacksSockets) await openResolverSockets(this.socket, container, process);
  }

  /** The program goes on as long as there are containers. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#rest();
  }

  #forget(network: string, container: string): void {
    const members = this.#members.get(network);
    members?.delete(container);
    if (members?.size === 0) this.#members.delete(network);
  }

  async #tell(request: Buffer): Promise<void> {
    if (!this.#begun) return;
    const connection = await this.#connected();
    // If it ends now, the next one is told everything.
    const errno = await connection.ask(request).catch(() => this.#connected().then(() => ''));
    if (errno !== '' && errno !== lacksSockets)
      throw new LikerError('INTERNAL', `The resolver of names refused a request with ${errno}`);
  }

  #mention(request: Buffer): void {
    this.#connection?.ask(request).catch(() => {});
  }

  #connected(): Promise<ResolverConnection> {
    if (this.#idle) clearTimeout(this.#idle);
    this.#idle = null;
    if (this.#connection) return Promise.resolve(this.#connection);
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  async #connect(): Promise<ResolverConnection> {
    this.#servers ??= new HostServers(this.#options.hostFile ?? '/etc/resolv.conf', (servers) =>
      this.#mention(upstreamsRequest(servers)),
    );
    const [program = '', ...args] = this.#options.command ?? [defaultProgram()];
    const { run, firewall, log } = this.#options;
    const options = firewall ? ['--table', firewall.table, '--group', String(firewall.group)] : [];
    const connection = await connectTo(this.socket, run, [program, ...args], options);
    connection.unref();
    if (firewall)
      void watchDenials(this.socket, connection.closed, (denial) => this.#denied(denial)).catch(
        (error: unknown) =>
          log.warn('what containers are denied cannot be heard of', { error: asError(error).message }),
      );
    const lacking = this.#tellAll(connection);
    this.#connection = connection;
    void connection.closed.then(() => this.#lost(connection));
    await this.#openAll(await lacking);
    if (this.#views.size === 0) this.#restSoon();
    return connection;
  }

  /** Returns the containers whose sockets it lacks. Everything is sent before this returns, so that what comes next comes later. */
  async #tellAll(connection: ResolverConnection): Promise<string[]> {
    const told = [connection.ask(beginRequest())];
    told.push(connection.ask(upstreamsRequest(this.#servers?.servers ?? [])));
    for (const [network, members] of this.#members)
      for (const [container, names] of members)
        told.push(connection.ask(joinRequest(network, container, names)));
    // Also those that have none: one that has been taken from them may still be known.
    for (const container of new Set([...this.#views.keys(), ...this.#policies.keys()]))
      told.push(connection.ask(policyRequest(container, this.#policies.get(container) ?? null)));
    const shown = [...this.#views].map(async ([container, view]) => ({
      container,
      errno: await connection.ask(showRequest(container, view)),
    }));
    told.push(connection.ask(endRequest()));
    await Promise.all(told);
    const answers = await Promise.all(shown);
    return answers.filter(({ errno }) => errno === lacksSockets).map(({ container }) => container);
  }

  async #openAll(containers: readonly string[]): Promise<void> {
    const { processOf, log } = this.#options;
    for (const container of containers) {
      const process = processOf(container);
      if (!process) continue;
      await openResolverSockets(this.socket, container, process).catch((error: unknown) =>
        log.warn('a container has no resolver of names', { container, error: asError(error).message }),
      );
    }
  }

  #lost(connection: ResolverConnection): void {
    if (this.#connection !== connection) return;
    this.#connection = null;
    const { log } = this.#options;
    if (this.#closed || this.#views.size === 0) return;
    log.warn('the resolver of names has ended, and is started again');
    const attempt = async (): Promise<boolean> => {
      if (this.#closed || this.#views.size === 0) return true;
      try {
        await this.ensure();
        return true;
      } catch (error) {
        log.error('the resolver of names cannot be started', { error: asError(error).message });
        return false;
      }
    };
    void attempt().then((done) => (done ? undefined : retry(attempt, pauses)));
  }

  #restSoon(): void {
    if (this.#idle) clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#rest(), idleMs).unref();
  }

  /** Without a connection and containers, the program ends. */
  #rest(): void {
    if (this.#idle) clearTimeout(this.#idle);
    this.#idle = null;
    this.#servers?.[Symbol.dispose]();
    this.#servers = null;
    const connection = this.#connection;
    this.#connection = null;
    connection?.end();
  }
}
