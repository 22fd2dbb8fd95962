import { randomBytes } from 'node:crypto';
import { type Attachment, add, type CallOptions, check, remove } from './attachment.ts';
import { type CniNetwork, type CniNetworks, findCniNetwork, readCniNetworks } from './config.ts';
import { endMarked } from './left.ts';

export interface CniOptions {
  /** Folder of configurations. */
  readonly config: string;
  /** Folders of plugins. */
  readonly path: readonly string[];
}

/** How the plugins of a container are called. */
export interface CniCall extends Pick<CallOptions, 'namespace' | 'signal' | 'cannot'> {
  readonly marker: string;
}

/** By this, processes of plugins are known as those of a container. */
const markerVariable = 'LIKER_CNI';

/** The networks of CNI on this machine. */
export class Cni {
  readonly #options: CniOptions;

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

  /** Connects a container; the result. Throws NETWORK_UNAVAILABLE or TIMED_OUT: then something of it may be there. */
  add(attachment: Attachment, call: CniCall): Promise<unknown> {
    return add(attachment, this.#call(call));
  }

  check(attachment: Attachment, result: unknown, call: CniCall): Promise<void> {
    return check(attachment, result, this.#call(call));
  }

  /** Disconnects it, as far as its plugins can. Their errors. */
  remove(attachment: Attachment, result: unknown, call: CniCall): Promise<readonly unknown[]> {
    return remove(attachment, result, this.#call(call));
  }

  /** Ends plugins that an earlier likerd has left at work. */
  endLeft(marker: string): Promise<void> {
    return endMarked(`${markerVariable}=${marker}`);
  }

  #call({ marker, ...call }: CniCall): CallOptions {
    return { ...call, path: this.#options.path, environment: { [markerVariable]: marker } };
  }
}
