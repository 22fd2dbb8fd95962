import type { ContainerView } from '../containers/api.ts';
import type { NetworkConnection } from '../containers/model/spec.ts';
import type { Filter } from '../filter.ts';
import type { Repeatable } from '../journal/requests.ts';
import type { EgressPolicy } from './model/egress.ts';
import type { NetworkSubnet } from './model/network.ts';

export type { EgressPolicy };

/** Networks, as the edge uses them. `network` is a name, an id, or a unique prefix of one. */
export interface NetworkService {
  /** Errors: BAD_ARGUMENT, NAME_TAKEN, SUBNET_IN_USE, NETWORK_UNAVAILABLE. */
  create(asked: AskedNetwork): Promise<NetworkView>;
  /** Errors: NETWORK_NOT_FOUND, AMBIGUOUS_ID. */
  get(network: string): NetworkView;
  /** By name. Filters: name, id, label, label!, driver, type, scope, dangling. */
  list(filters: readonly Filter[]): readonly NetworkView[];
  /** Answers its id; with `force`, empty if it is not there. Errors: NETWORK_NOT_FOUND, NETWORK_IN_USE, BAD_ARGUMENT for a built-in one. */
  remove(network: string, options: { readonly force: boolean } & Partial<Repeatable>): Promise<string>;
  /** Removes those that no container has. Filters: label, label!, until. Answers their names. */
  prune(filters: readonly Filter[]): Promise<readonly string[]>;
  /** At once if the container runs, and at each of its starts. */
  connect(container: string, connection: NetworkConnection): Promise<ContainerView>;
  /** Likewise. Null: with `force`, there is no such container. */
  disconnect(
    container: string,
    network: string,
    options: { readonly force: boolean },
  ): Promise<ContainerView | null>;
}

export interface AskedNetwork extends Partial<Repeatable> {
  readonly name: string;
  /** Empty: bridge. */
  readonly driver: string;
  readonly internal: boolean;
  /** Null: if the host has IPv6, or a subnet of it is given. */
  readonly ipv6: boolean | null;
  readonly subnets: readonly NetworkSubnet[];
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Null: none. */
  readonly egress: EgressPolicy | null;
  /** With whose end it is removed; empty: none. */
  readonly leaseId?: string;
}

/** A network as it stands. Plain data. */
export interface NetworkView {
  readonly id: string;
  readonly name: string;
  /** Null: it is always there, and nobody has needed it. */
  readonly createdAt: number | null;
  readonly driver: string;
  readonly internal: boolean;
  readonly ipv6: boolean;
  readonly subnets: readonly NetworkSubnet[];
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly egress: EgressPolicy | null;
  /** Empty: none. */
  readonly leaseId: string;
  readonly builtin: boolean;
  /** On the host; empty: none. */
  readonly interface: string;
  /** Of the containers that run, by name. */
  readonly endpoints: readonly {
    readonly containerId: string;
    readonly containerName: string;
    /** With the prefix; empty: none. */
    readonly ipv4: string;
    readonly ipv6: string;
    readonly macAddress: string;
  }[];
  /** Of all containers that have it. */
  readonly containerIds: readonly string[];
}
