import { hostFrom, socketPath } from '../client/connection/address.ts';
import { events, system } from '../client/connection/methods.ts';
import type { Event } from '../proto/gen/types/liker/v1/Event.ts';
import { Containers } from './containers.ts';
import { type CallOptions, Engine } from './engine.ts';
import { Images } from './images.ts';
import { Lease, type LeaseOptions } from './lease.ts';
import { Networks } from './networks.ts';
import { timestamp } from './time.ts';
import { Volumes } from './volumes.ts';

/** Which likerd, and what becomes of what is made. */
export interface LikerOptions {
  /** The socket of likerd, such as unix:///run/liker/liker.sock. Default: LIKER_HOST, and without it as likerctl. */
  readonly host?: string;
  /**
   * What is made through this handle is removed within two seconds of the end of the program, however it ends; at the end of the scope of
   * `await using`; and after a time to live, if there is one. Default: what is made stays.
   */
  readonly lease?: boolean | LeaseOptions;
}

/** Which events come. */
export interface EventOptions extends CallOptions {
  /** From this time on, or after the event with this number. Default: only new ones. */
  readonly since?: Date | number;
  /** Until this time. */
  readonly until?: Date;
  /** As of `likerctl events --filter`, such as `{ type: 'container', event: 'die' }`. */
  readonly filters?: Readonly<Record<string, string>>;
}

/**
 * A likerd. It is connected to on use, and again when it was lost: calls wait for it up to 30 seconds, processes, logs and events without
 * end. A connection does not keep the program alive.
 *
 * @example
 * const engine = new Liker();
 * console.log(typeof (await engine.version())); //> string
 */
export class Liker implements Disposable, AsyncDisposable {
  readonly containers: Containers;
  readonly images: Images;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly #engine: Engine;
  readonly #lease: Lease | null;

  constructor({ host = hostFrom(process.env), lease = false }: LikerOptions = {}) {
    this.#engine = new Engine(socketPath(host));
    const held = lease === false ? null : new Lease(this.#engine, lease === true ? {} : lease);
    this.#lease = held;
    if (held) this.#engine.leaseId = () => held.id();
    this.images = new Images(this.#engine);
    this.containers = new Containers(this.#engine, this.images);
    this.volumes = new Volumes(this.#engine);
    this.networks = new Networks(this.#engine);
  }

  /** What happens to containers, images, volumes and networks. None is missing or comes twice, whatever happens to likerd. */
  async *events({
    since,
    until,
    filters = {},
    signal,
  }: EventOptions = {}): AsyncGenerator<Event, void, undefined> {
    let place = await this.#beginning(since, signal);
    const bounds = {
      follow: until === undefined || until.getTime() > Date.now(),
      filters: Object.entries(filters).map(([key, value]) => ({ key, value })),
      ...(until && { until: timestamp(until) }),
    };
    const request = () => ({ ...bounds, ...place });
    const options = { follows: bounds.follow, signal };
    for await (const { event } of this.#engine.stream(events.Subscribe, request, options)) {
      if (event === null) continue;
      place = { sinceSeq: event.seq, storeId: event.storeId };
      yield event;
    }
  }

  /** The version of likerd. */
  async version(options: CallOptions = {}): Promise<string> {
    return (await this.#engine.call(system.GetVersion, {}, options)).version;
  }

  /** Removes what was made with a lease; resolves when it is gone. Ends the connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lease?.remove();
    this.#engine.close();
  }

  /** Ends the connections, and with them a lease. Not needed for the program to end. */
  [Symbol.dispose](): void {
    this.#engine.close();
  }

  /** A number, so that a connection that is lost before the first event loses none. */
  async #beginning(since: Date | number | undefined, signal: AbortSignal | undefined): Promise<object> {
    if (typeof since === 'number') return { sinceSeq: since };
    if (since) return { since: timestamp(since) };
    const { lastSeq, storeId } = await this.#engine.call(events.GetLastSeq, {}, { signal });
    return { sinceSeq: lastSeq, storeId };
  }
}
