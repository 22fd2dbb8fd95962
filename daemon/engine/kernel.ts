// What the engine needs of the kernel. compose.ts passes in the adapters; tests pass in the fakes of daemon/test/.

import type { FileTree } from '../../common/files/tree.ts';
import type { Cgroups } from '../kernel/cgroup/cgroups.ts';
import type { Cni } from '../kernel/cni/cni.ts';
import type { nodesAt, nodesBelow } from '../kernel/devices/nodes.ts';
import type { FileSockets } from '../kernel/files/sockets.ts';
import type { mountOf, visibleBelow } from '../kernel/mount/mountinfo.ts';
import type { Endpoint } from '../kernel/network/endpoint.ts';
import type { NetworkFirewall, PortProtocol } from '../kernel/network/firewall/state.ts';
import type { Rate } from '../kernel/network/htb.ts';
import type { Pasta } from '../kernel/network/pasta.ts';
import type { Denial, Resolver } from '../kernel/network/resolver.ts';
import type { RoutedLink } from '../kernel/network/routed-link.ts';
import type { checkNamespaceFile, NetworkNamespace, shapingProblem } from '../kernel/network/shaping.ts';
import type { endProgram } from '../kernel/proc/end-program.ts';
import type { interfaceStats } from '../kernel/proc/net-dev.ts';
import type { ownOomScoreAdj } from '../kernel/proc/oom-score.ts';
import type { ageMs, firstChild, isKilled, startTimeOf, uptimeMs } from '../kernel/proc/processes.ts';
import type { HostProcess } from '../kernel/process/host-process.ts';
import type { Processes } from '../kernel/process/processes.ts';
import type { securityModules } from '../kernel/security/labels.ts';
import type { defaultPaths } from '../kernel/security/paths.ts';
import type { rightsOf } from '../kernel/security/rights.ts';
import type { IdMaps } from '../kernel/users/id-maps.ts';
import type { HostUser } from '../kernel/users/own-maps.ts';
import type { UserNamespaces } from '../kernel/users/user-namespaces.ts';

/** The control groups of this daemon's containers. */
export type CgroupKernel = Omit<Cgroups, 'close'>;

/** Starting and finding shims, and the processes under them. */
export type ProcessKernel = Pick<Processes, keyof Processes & string>;

/** What /proc says of the host and of single processes. */
export interface ProcKernel {
  readonly uptimeMs: typeof uptimeMs;
  readonly ageMs: typeof ageMs;
  readonly startTimeOf: typeof startTimeOf;
  readonly isKilled: typeof isKilled;
  readonly firstChild: typeof firstChild;
  readonly ownOomScoreAdj: typeof ownOomScoreAdj;
  readonly interfaceStats: typeof interfaceStats;
  readonly endProgram: typeof endProgram;
}

export interface MountKernel {
  readonly visibleBelow: typeof visibleBelow;
  readonly of: typeof mountOf;
}

/** Network namespaces, and limits on what they send. */
export interface NetworkKernel {
  /** The sysctls that a container's own namespace starts with. */
  readonly sysctls: Readonly<Record<string, string>>;
  readonly withheldSysctl: (names: readonly string[]) => string | null;
  readonly shapingProblem: typeof shapingProblem;
  readonly checkNamespaceFile: typeof checkNamespaceFile;
  /** Connects private networks; null where likerd is root on the host, which connects none. */
  readonly pasta: Pasta | null;
  /** The network of containers that ask for none: its name, or none, host, or without root pasta. */
  readonly byDefault: string;
  /** Where ports are published that name no address of the host. */
  readonly publishAddresses: readonly string[];
  /** Connects containers to networks; null where likerd is not root on the host. */
  readonly links: LinkKernel | null;
  /** Networks of CNI; null likewise. */
  readonly cni: CniKernel | null;
  /** Ports of the host, held by bound sockets: all or none. Throws PORT_IN_USE, BAD_ARGUMENT, NETWORK_UNAVAILABLE, NOT_PERMITTED. */
  holdPorts(
    asked: readonly {
      readonly protocol: PortProtocol;
      readonly hostAddresses: readonly string[];
      readonly hostPort: number;
      readonly length: number;
    }[],
  ): HeldPorts;
  /** Null likewise. */
  readonly firewall: NetworkFirewall | null;
  /** Null likewise. */
  readonly resolver: ResolverKernel | null;
  /** Opens the namespace that a file such as /proc/PID/ns/net stands for. Throws the system's error. */
  open(path: string): Pick<NetworkNamespace, keyof NetworkNamespace>;
}

export type CniKernel = Pick<Cni, keyof Cni>;

export interface HeldPorts extends Disposable {
  readonly fds: readonly number[];
  /** The first port of each of those that were asked for. */
  readonly hostPorts: readonly number[];
  /** Until they are disposed of, pasta can bind them as well. */
  share(): void;
}

/** An interface of a container, as it is made. */
export type LinkEndpoint = Endpoint;

/** The host's end of an interface on a bridge. */
export interface HostEnd {
  readonly name: string;
  readonly alias: string;
}

/** Interfaces and routes of the host. */
export interface LinkKernel {
  /** What the kernel lacks for an interface of this kind; empty: nothing. */
  linkProblem(kind: 'bridge' | 'veth' | 'macvlan' | 'ipvlan'): string;
  /** Makes a bridge, or completes one that is there. Its index. */
  ensureBridge(bridge: {
    readonly name: string;
    readonly alias: string;
    readonly mtu: number;
    readonly addresses: readonly { readonly address: string; readonly prefix: number }[];
  }): Promise<number>;
  /** Connects a container that runs. If it fails, nothing is left of it. */
  connectLive(process: HostProcess, endpoint: LinkEndpoint): Promise<void>;
  /** Takes the interface with this number away; a missing one is no error. */
  disconnectLive(process: HostProcess, number: number): Promise<void>;
  /** Replaces the default routes. */
  setDefaultRoutes(process: HostProcess, gateways: readonly string[]): Promise<void>;
  /** A missing one is no error. Takes tens of milliseconds. */
  removeLink(name: string): Promise<void>;
  /** Takes the host's end of an interface down and frees its name, at once: the kernel removes it with the namespace of the other end. */
  cutLink(name: string): Promise<void>;
  /** Removes connections and neighbours that the kernel remembers, those on the interface with this index. */
  forgetAddresses(addresses: readonly string[], index: number): Promise<void>;
  linkNamed(
    name: string,
  ): Promise<{ readonly index: number; readonly mtu: number; readonly master: number } | null>;
  /** Before the first interface on a network that is a routed link. */
  answerOnBridge(bridge: string): void;
  /** Takes the host's end of an interface out of its bridge, or puts it there again, as the endpoint has it. */
  moveLive(process: HostProcess, endpoint: LinkEndpoint, routed: RoutedLink): Promise<void>;
  /** A container that runs forgets where these addresses were, on the interface with this number. */
  forgetPeer(process: HostProcess, number: number, addresses: readonly string[]): Promise<void>;
  /** The host does not answer for these addresses any more, on the bridge with this index. */
  forgetProxies(addresses: readonly string[], bridge: number): Promise<void>;
  /** Those whose alias begins so. */
  ownLinks(aliasPrefix: string): Promise<readonly { readonly name: string; readonly alias: string }[]>;
  /** What the kernel lacks to limit interfaces to a rate; empty: nothing. */
  rateProblem(): string;
  /** Makes what limits what an interface will send. The number is for its `limit`. */
  prepareSender(end: HostEnd, rate: Rate): Promise<number>;
  /** Limits an interface that exists, in both directions; what it has then. Null: it does not exist. */
  setRate(end: HostEnd, rate: Rate): Promise<Rate | null>;
  /** Takes the limit of an interface away, and what it needed, also once the interface has gone. */
  freeRate(name: string): Promise<void>;
  hostRoutes(): Promise<readonly { readonly destination: string; readonly link: string }[]>;
  /** MTU of the host's way out. */
  uplinkMtu(): Promise<number>;
  hasIpv6(): boolean;
}

/** Names of containers, answered in their network namespaces. */
export type ResolverKernel = Pick<
  Resolver,
  | 'socket'
  | 'begin'
  | 'setNames'
  | 'setContainer'
  | 'setPolicy'
  | 'tableMade'
  | 'onDenied'
  | 'open'
  | 'remove'
>;

export type { Denial };

/** User namespaces, and the ids for them. */
export interface UserKernel extends Pick<UserNamespaces, keyof UserNamespaces> {
  /** What containers get that ask for nothing. */
  readonly byDefault: 'auto' | 'host';
  /** What is wrong with the pool. */
  readonly warnings: readonly string[];
  /** False: an ordinary user has started likerd, or the root of a container, and the kernel keeps some rights from it. */
  readonly isRootOnHost: boolean;
  /** Whom likerd's root is on the host. */
  readonly owner: HostUser;
  /** The maps of likerd's own user namespace. */
  readonly ids: IdMaps;
}

/** The files of containers. */
export type FileKernel = Pick<FileTree, keyof FileTree & string>;
export type FileSocketKernel = Pick<FileSockets, 'offer'>;

export interface DeviceKernel {
  readonly below: typeof nodesBelow;
  readonly at: typeof nodesAt;
}

/** What processes may do and see. */
export interface SecurityKernel {
  readonly rightsOf: typeof rightsOf;
  /** What likerd may give away, as CAP_ names. */
  readonly capabilities: readonly string[];
  /** Likewise, what it may do to the host: nothing unless its root is the host's. */
  readonly capabilitiesOnHost: readonly string[];
  /** Containers can have a seccomp filter. */
  readonly seccomp: boolean;
  readonly modules: ReturnType<typeof securityModules>;
  /** Paths of /proc and /sys that a container does not see, or cannot change, unless its spec says otherwise. */
  readonly defaultPaths: typeof defaultPaths;
  /** The greatest group of likerd's user namespace. */
  readonly lastGroup: number;
}
