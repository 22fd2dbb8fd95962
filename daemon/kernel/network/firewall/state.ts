import type { EgressPorts } from '../../../../common/egress.ts';

export type PortProtocol = 'tcp' | 'udp' | 'sctp';

export interface FirewallNetwork {
  /** The bridge's name. The link must be there before the firewall hears of it. */
  readonly bridge: string;
  /** With the length of the prefix: 10.201.0.0/24, fd00::/64. */
  readonly subnets: readonly string[];
  /** Its containers reach each other, and the host reaches them; nothing else. */
  readonly internal: boolean;
  /** What goes to elsewhere has the host's address as its source. */
  readonly masquerade: boolean;
}

/** A published port, or a range of them. */
export interface FirewallPort {
  readonly protocol: PortProtocol;
  /** 0.0.0.0 and :: mean every address of the host, in that family. */
  readonly hostAddress: string;
  readonly hostPort: number;
  /** 1 or more ports in a row, on both sides. */
  readonly length: number;
  /** The container's, in the family of hostAddress. */
  readonly address: string;
  readonly containerPort: number;
}

/** What may leave a container by one of its interfaces. */
export interface FirewallPolicy {
  /** The host's end of the interface: a routed link. It need not be there yet. */
  readonly link: string;
  /** The network that it belongs to. */
  readonly network: Pick<FirewallNetwork, 'bridge' | 'subnets' | 'internal'>;
  /** The container's, on that network. */
  readonly addresses: readonly string[];
  /** `ports` null: all of TCP and UDP, and ping. */
  readonly allowed: readonly { readonly subnet: string; readonly ports: EgressPorts | null }[];
}

/** What comes from an address and what goes there has this priority in the queues of the host, from 1 to 7 (SO_PRIORITY). */
export interface FirewallPriority {
  readonly address: string;
  readonly priority: number;
}

/** Everything that the firewall is to know. */
export interface FirewallState {
  readonly networks: readonly FirewallNetwork[];
  readonly ports: readonly FirewallPort[];
  readonly policies: readonly FirewallPolicy[];
  readonly priorities: readonly FirewallPriority[];
}

export interface FirewallChange {
  /** A policy takes the place of one of the same link. */
  readonly add?: Partial<FirewallState>;
  readonly remove?: Partial<Omit<FirewallState, 'policies'>> & {
    readonly policies?: readonly Pick<FirewallPolicy, 'link'>[];
  };
}

/** Tables of another firewall that drop what is forwarded, unless a rule allows it. */
export interface Obstacle {
  /** docker, ufw or firewalld; empty: not known. */
  readonly by: string;
  readonly tables: readonly string[];
  /** The command that allows what containers send and get; empty: not known. */
  readonly allow: string;
}

/** The nftables table of one likerd, and the host's settings that its networks need. */
export interface NetworkFirewall {
  /** Why there can be no network that needs a firewall, and the command that installs what is missing; empty: there can. */
  problem(): string;
  /** What may keep packets of containers from their way, whatever this table says. Throws LikerError. */
  obstacles(): Promise<readonly Obstacle[]>;
  /**
   * All in one transaction; the table is made if it is missing. What is removed must be given as it was added. A failure leaves everything as
   * it was. Throws LikerError.
   */
  apply(change: FirewallChange): Promise<void>;
  /**
   * Ends connections that began inside, and that policies do not allow now: of these links, whose policies have changed, so that what names
   * have allowed is looked at again; or of all, which may have begun while the table was missing.
   */
  endDenied(links: readonly string[] | null): Promise<void>;
  /** Whether there is a policy of this link. */
  polices(link: string): boolean;
  /** Brings the table to this state, whatever it was: when likerd takes over what an earlier one has left. */
  rebuild(state: FirewallState): Promise<void>;
  /** At likerd's orderly end: without networks the table goes, and the host's settings are set back. Otherwise everything stays. */
  close(): Promise<void>;
}
