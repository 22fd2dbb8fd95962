import { badArgument } from '../common/errors.ts';
import { parseBytes, parseCpus } from '../common/units.ts';
import type { ContainerSpecInput } from '../proto/gen/types/liker/v1/ContainerSpec.ts';
import type { EgressPolicyInput } from '../proto/gen/types/liker/v1/EgressPolicy.ts';
import type { HealthCheckInput } from '../proto/gen/types/liker/v1/HealthCheck.ts';
import type { MountInput } from '../proto/gen/types/liker/v1/Mount.ts';
import type { PublishedPortInput } from '../proto/gen/types/liker/v1/PublishedPort.ts';
import type { ResourcesInput } from '../proto/gen/types/liker/v1/Resources.ts';

/** What a container may use. */
export interface Limits {
  /** Bytes, or a text such as 64m. */
  readonly memory?: number | string;
  /** CPUs, such as 0.5. */
  readonly cpus?: number;
  /** Processes and threads. */
  readonly pids?: number;
}

/** What a container may reach: everything, nothing, or what fits one of these rules, such as `example.org:443`. */
export type Egress = 'all' | 'none' | readonly string[];

/** A volume by its name, a file or folder of the host, or a folder in memory, at a place in the container. */
export type ContainerMount = {
  /** Absolute path in the container. */
  readonly target: string;
  readonly readOnly?: boolean;
} & ({ readonly volume: string } | { readonly bind: string } | { readonly tmpfs: true });

/** A port of the container that is published; without a port of the host, at one that is free. */
export interface ContainerPort {
  readonly port: number;
  readonly hostPort?: number;
  /** Default: the loopback. */
  readonly hostAddress?: string;
  readonly protocol?: 'tcp' | 'udp' | 'sctp';
}

/** Words for a process: variables, directory, user. */
export interface ProcessOptions {
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Default: the container's. */
  readonly cwd?: string | undefined;
  /** USER[:GROUP], names or numbers. */
  readonly user?: string | undefined;
}

/** What a container is to be. */
export interface ContainerOptions extends ProcessOptions {
  /** Name of an image, which is pulled if it is not here. Either this or `directory` is required. */
  readonly image?: string;
  /** A directory of the host that is its root; what it changes goes to a layer of its own. */
  readonly directory?: string;
  /** Default: the image's. */
  readonly cmd?: readonly string[];
  /** What `cmd` is given to. Default: the image's. */
  readonly entrypoint?: readonly string[];
  readonly name?: string;
  readonly hostname?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly limits?: Limits;
  readonly egress?: Egress;
  /** `none`, `host`, or names of networks. Default: as likerd's option says. */
  readonly network?: string | readonly string[];
  /** Ports to publish. A number is a port of the container. */
  readonly ports?: readonly (number | ContainerPort)[];
  readonly mounts?: readonly ContainerMount[];
  /** Its root cannot be written to. */
  readonly readOnly?: boolean;
  readonly healthCheck?: HealthCheckInput;
  /** Its main process has a terminal. */
  readonly tty?: boolean;
  /** Its main process can be written to: see {@link Container.attach}. */
  readonly stdin?: boolean;
  /** Remove it when its main process has ended. */
  readonly autoRemove?: boolean;
  /** Do not pull an image that is not here. */
  readonly neverPull?: boolean;
  /** Fields of the API that have no word here. They take the place of what the words say. */
  readonly spec?: ContainerSpecInput;
}

/** The variables as NAME=VALUE. */
export function envList(env: ProcessOptions['env'] = {}): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}

/** The spec of the API. Throws BAD_ARGUMENT. */
export function containerSpec(options: ContainerOptions): ContainerSpecInput {
  const { image, directory, entrypoint, tty = false, stdin = false, network } = options;
  if ((image === undefined) === (directory === undefined))
    throw badArgument('image', "Cannot make a container: give either 'image' or 'directory'");
  const mode = typeof network === 'string' && ['none', 'host'].includes(network) ? network : undefined;
  const networks = network === undefined || mode !== undefined ? [] : [network].flat();
  return {
    ...(options.name !== undefined && { name: options.name }),
    ...(options.hostname !== undefined && { hostname: options.hostname }),
    rootfs: image === undefined ? { directory: directory as string } : { image },
    process: {
      args: [...(options.cmd ?? [])],
      env: envList(options.env),
      cwd: options.cwd ?? '',
      user: options.user ?? '',
      tty,
      openStdin: stdin,
    },
    entrypoint: entrypoint ? { args: [...entrypoint] } : null,
    labels: { ...options.labels },
    resources: resources(options.limits ?? {}),
    egress: options.egress === undefined ? null : egressPolicy(options.egress),
    ...(mode !== undefined && { namespaces: { network: mode } }),
    networks: networks.map((name) => ({ network: name })),
    ports: (options.ports ?? []).map(publishedPort),
    mounts: (options.mounts ?? []).map(mountOf),
    readOnly: options.readOnly ?? false,
    healthCheck: options.healthCheck ?? null,
    autoRemove: options.autoRemove ?? false,
    ...options.spec,
  };
}

/** Throws BAD_ARGUMENT. */
export function resources({ memory, cpus, pids }: Limits): ResourcesInput {
  const maxBytes = typeof memory === 'string' ? parseBytes(memory, 'limits.memory') : memory;
  return {
    ...(maxBytes !== undefined && { memory: { maxBytes } }),
    ...(cpus !== undefined && { cpu: parseCpus(String(cpus), 'limits.cpus') }),
    ...(pids !== undefined && { pids: { max: pids } }),
  };
}

export function egressPolicy(egress: Egress): EgressPolicyInput {
  if (egress === 'all') return { mode: 'MODE_ALL' };
  if (egress === 'none') return { mode: 'MODE_NONE' };
  return { mode: 'MODE_ALLOW', rules: [...egress] };
}

function publishedPort(given: number | ContainerPort): PublishedPortInput {
  const {
    port,
    hostPort = 0,
    hostAddress = '',
    protocol = 'tcp',
  } = typeof given === 'number' ? { port: given } : given;
  return { containerPort: port, hostPort, hostAddress, protocol };
}

function mountOf(mount: ContainerMount): MountInput {
  const { target, readOnly = false } = mount;
  if ('volume' in mount) return { type: 'TYPE_VOLUME', source: mount.volume, target, readOnly };
  if ('bind' in mount) return { type: 'TYPE_BIND', source: mount.bind, target, readOnly };
  return { type: 'TYPE_TMPFS', target, readOnly };
}
