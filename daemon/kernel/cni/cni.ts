import { randomBytes } from 'node:crypto';
import {
  type Attachment,
  type AttachmentOptions,
  add,
  check,
  checkReady,
  collect,
  remove,
  type ValidAttachment,
} from './attachment.ts';
import { type CniNetwork, type CniNetworks, findCniNetwork, isSince, readCniNetworks } from './config.ts';
import { endMarked } from './left.ts';
import { othersAttachments } from './others.ts';
import { NetworkTurns } from './turns.ts';

export interface CniOptions {
  /** Folder of configurations. */
  readonly config: string;
  /** Folders of plugins. */
  readonly path: readonly string[];
  /** Where other engines, those that use libcni, keep what they have. */
  readonly others: string;
}

/** How the plugins of a container are called. */
export interface CniCall extends Pick<AttachmentOptions, 'namespace' | 'signal' | 'cannot'> {
  readonly marker: string;
}

/** By this, processes of plugins are known as those of a container. */
const markerVariable = 'LIKER_CNI';

/** The networks of CNI on this machine. */
export class Cni {
  readonly #options: CniOptions;
  readonly #turns = new NetworkTurns();

  constructor(options: CniOptions) {
    this.#options = options;
  }

  networks(): CniNetworks {
    return readCniNetworks(this.#options.config);
  }

  /** Throws NETWORK_NOT_FOUND. */
  find(name: string): CniNetwork {
    return findCniNetwork(this.#options.config, name);
  }

  newMarker(): string {
    return randomBytes(16).toString('hex');
  }

  /** Throws NETWORK_UNAVAILABLE or TIMED_OUT where a plugin says that it cannot connect containers now. */
  checkReady(network: CniNetwork, call: CniCall): Promise<void> {
    return checkReady(network, this.#call(call));
  }

  /** Connects a container; the result. Throws NETWORK_UNAVAILABLE or TIMED_OUT: then something of it may be there. */
  add(attachment: Attachment, call: CniCall): Promise<unknown> {
    return this.#turns.beside(attachment.network.name, () => add(attachment, this.#call(call)));
  }

  check(attachment: Attachment, result: unknown, call: CniCall): Promise<void> {
    return check(attachment, result, this.#call(call));
  }

  /** Disconnects it, as far as its plugins can. Their errors. */
  remove(attachment: Attachment, result: unknown, call: CniCall): Promise<readonly unknown[]> {
    return this.#turns.beside(attachment.network.name, () => remove(attachment, result, this.#call(call)));
  }

  /**
   * Has the network's plugins take away what belongs neither to `own`, which is asked for in the network's turn, nor to other engines. Not
   * before version 1.1.0, or where its configuration forbids it. Their errors.
   */
  async collect(
    network: CniNetwork,
    own: () => readonly ValidAttachment[],
    call: Pick<CniCall, 'signal' | 'cannot'>,
  ): Promise<readonly unknown[]> {
    if (network.disableGC || !isSince(network.cniVersion, '1.1.0')) return [];
    return this.#turns.alone(network.name, async () =>
      collect(network, [...own(), ...othersAttachments(this.#options.others, network.name)], {
        ...call,
        path: this.#options.path,
        environment: {},
      }),
    );
  }

  /** Ends plugins that an earlier likerd has left at work. */
  endLeft(marker: string): Promise<void> {
    return endMarked(`${markerVariable}=${marker}`);
  }

  #call({ marker, ...call }: CniCall): AttachmentOptions {
    return { ...call, path: this.#options.path, environment: { [markerVariable]: marker } };
  }
}
