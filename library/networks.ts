import { networks } from '../client/connection/methods.ts';
import type { Network } from '../proto/gen/types/liker/v1/Network.ts';
import type { CallOptions, Engine } from './engine.ts';
import { type Egress, egressPolicy } from './options.ts';
import { requestId } from './request-id.ts';

/** What a network is to be. */
export interface NetworkOptions extends CallOptions {
  /** No way to the outside. */
  readonly internal?: boolean;
  /** What its containers may reach. */
  readonly egress?: Egress;
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * Networks, on which containers find each other by name.
 *
 * @example
 * await liker.networks.create('back', { internal: true });
 * console.log((await liker.networks.get('back')).internal); //> true
 * await liker.networks.remove('back');
 */
export class Networks {
  readonly #engine: Engine;

  /** @internal */
  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Makes a network. */
  async create(
    name: string,
    { internal = false, egress, labels = {}, signal }: NetworkOptions = {},
  ): Promise<Network> {
    const policy = egress === undefined ? null : egressPolicy(egress);
    const leaseId = await this.#engine.leaseId();
    const spec = { name, internal, egress: policy, labels: { ...labels }, leaseId };
    const { network } = await this.#engine.make(
      networks.CreateNetwork,
      { ...spec, requestId: requestId() },
      (made) => this.remove(made.network?.id ?? ''),
      { signal },
    );
    return network as Network;
  }

  /** A network that is there, by its name or id. */
  async get(network: string, options: CallOptions = {}): Promise<Network> {
    return (await this.#engine.call(networks.GetNetwork, { network }, options)).network as Network;
  }

  /** All networks. */
  async list(options: CallOptions = {}): Promise<Network[]> {
    return (await this.#engine.call(networks.ListNetworks, {}, options)).networks;
  }

  /** Removes a network that no container is on. */
  async remove(network: string, options: CallOptions = {}): Promise<void> {
    await this.#engine.call(networks.RemoveNetwork, { network, requestId: requestId() }, options);
  }
}
