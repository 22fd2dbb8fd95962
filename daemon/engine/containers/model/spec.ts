import * as v from 'valibot';
import { byName, check, fields, type Given, no, type Of, orNull, texts } from '../../../../common/schema.ts';
import { type DeviceRule, deviceRuleSchema } from '../../../kernel/cgroup/device-rules.ts';
import { type AppliedLimit, limitsModeSchema } from '../../../kernel/cgroup/resources.ts';
import { formatIdMaps, idMapsSchema } from '../../../kernel/users/id-maps.ts';
import { type EgressPolicy, egressSchema } from '../../networks/model/egress.ts';
import { onDisconnectSchema, processSchema } from '../../process/spec.ts';
import { type Resources, resourcesSchema } from './resources.ts';

export type { AppliedLimit, DeviceRule };

// What a container is to be, and each of its parts, as a schema: the type, the check of stored records and the defaults
// in one. A field that is added needs a default, since older records lack it.

const zero = v.optional(v.number(), 0);

const deviceMapping = fields({
  /** Node on the host, or a folder of nodes. */
  hostPath: v.string(),
  containerPath: v.string(),
  /** Some of r, w, m. */
  access: v.string(),
});
export interface DeviceMapping extends Of<typeof deviceMapping> {}

/** How to tell whether a running container does its work. Docker's defaults. */
const healthCheck = fields({
  /** A line for /bin/sh -c; empty: `args` says what to execute. */
  shell: v.optional(v.string(), ''),
  args: texts,
  intervalMs: v.optional(v.number(), 30_000),
  timeoutMs: v.optional(v.number(), 30_000),
  /** Failures in a row that make it unhealthy. */
  retries: v.optional(v.number(), 3),
  startPeriodMs: v.optional(v.number(), 0),
  startIntervalMs: v.optional(v.number(), 5_000),
  onFailure: v.optional(v.picklist(['none', 'kill', 'restart', 'stop']), 'none'),
});
export interface HealthCheck extends Of<typeof healthCheck> {}

/** When a container is started again by itself. `maxRetries` is for on-failure; 0: no bound. */
const restartPolicy = fields({
  name: v.picklist(['no', 'on-failure', 'always', 'unless-stopped']),
  maxRetries: v.optional(v.number(), 0),
});
export interface RestartPolicy extends Of<typeof restartPolicy> {}

const directoryRoot = fields({
  /** Missing in records from before there were images. */
  kind: v.optional(v.literal('directory'), 'directory'),
  /** Absolute path on the host. */
  directory: v.string(),
  mode: v.optional(v.picklist(['overlay', 'rw', 'ro']), 'overlay'),
});
export interface DirectoryRoot extends Of<typeof directoryRoot> {}

/** The layers of an image, below one of the container's own. */
const imageRoot = fields({
  kind: v.literal('image'),
  /** As it was asked for: a name, a digest, an id or the beginning of one. */
  name: v.string(),
  /** Digest of the image's configuration; empty until the image is found. */
  id: v.optional(v.string(), ''),
  /** Diff ids, the lowest first. */
  layers: texts,
});
export interface ImageRoot extends Of<typeof imageRoot> {}

const rootfs = v.variant('kind', [directoryRoot, imageRoot]);
export type Rootfs = DirectoryRoot | ImageRoot;

/** How the root is used; only a directory can be used as it is. */
export function rootMode(rootfs: Rootfs): DirectoryRoot['mode'] {
  return rootfs.kind === 'image' ? 'overlay' : rootfs.mode;
}

/** What the root is made from, as whoever made the container named it. */
export function rootName(rootfs: Rootfs): string {
  return rootfs.kind === 'image' ? rootfs.name : rootfs.directory;
}

const ownOrHost = [fields({ kind: v.literal('private') }), fields({ kind: v.literal('host') })] as const;
/** `alone`: with a loopback interface and nothing else, also where likerd connects networks that ask for nothing. */
const ownNetwork = fields({ kind: v.literal('private'), alone: no });
const ofContainer = fields({ kind: v.literal('container'), id: v.string() });
/** A file of the host that stands for the namespace. */
const byPath = fields({ kind: v.literal('path'), path: v.string() });
const own = { kind: 'private' } as const;

/** Whose ids are those inside. `default` is what the daemon's option says; a container that was made has one of the others. */
const user = v.variant('kind', [
  ownOrHost[1],
  fields({ kind: v.literal('default') }),
  /** A range of ids that no other container has. */
  fields({ kind: v.literal('auto') }),
  /** The same, but this user and group are themselves. */
  fields({ kind: v.literal('keep-id'), uid: v.number(), gid: v.number() }),
  fields({ kind: v.literal('maps'), maps: idMapsSchema }),
  ofContainer,
]);

const namespaces = fields({
  /** Containers of before there were others have the host's. */
  user: v.optional(user, { kind: 'host' }),
  pid: v.optional(v.variant('kind', [...ownOrHost, ofContainer]), own),
  ipc: v.optional(v.variant('kind', [...ownOrHost, ofContainer]), own),
  uts: v.optional(v.variant('kind', ownOrHost), own),
  cgroup: v.optional(v.variant('kind', ownOrHost), own),
  network: v.optional(v.variant('kind', [ownNetwork, ownOrHost[1], ofContainer, byPath]), own),
});
export interface Namespaces extends Of<typeof namespaces> {}
export type Share = Namespaces[Exclude<keyof Namespaces, 'user'>];

/** As the options of namespaces have it, such as --network; empty for a namespace of its own. */
export function shareText(share: Share): string {
  if (share.kind === 'private') return 'alone' in share && share.alone ? 'none' : '';
  if (share.kind === 'path') return `ns:${share.path}`;
  return share.kind === 'host' ? 'host' : `container:${share.id}`;
}

/** As --userns has it; empty for the daemon's default. */
export function userNamespaceText(user: Namespaces['user']): string {
  switch (user.kind) {
    case 'default':
      return '';
    case 'maps':
      return formatIdMaps(user.maps);
    case 'container':
      return `container:${user.id}`;
    default:
      return user.kind;
  }
}

/** What the ids on disk are in a bind. Without a user namespace, only `maps` means anything. */
const idmap = v.variant('kind', [
  /** As in the rest of the container, or bare where the file system cannot. */
  fields({ kind: v.literal('default') }),
  /** As in the rest of the container, or the start is refused. */
  fields({ kind: v.literal('container') }),
  /** The host's ids, which the container has no rights to. */
  fields({ kind: v.literal('none') }),
  /** Ids on disk are `inside`; those `outside` are the host's, or with `relative` the container's. */
  fields({ kind: v.literal('maps'), maps: idMapsSchema, relative: no }),
]);
export type Idmap = Of<typeof idmap>;

/** As --mount idmap= has it; empty for the default. */
export function idmapText(idmap: Idmap): string {
  if (idmap.kind === 'maps') return `${idmap.relative ? '@' : ''}${formatIdMaps(idmap.maps)}`;
  return idmap.kind === 'default' ? '' : idmap.kind;
}

const propagation = v.picklist([
  'private',
  'rprivate',
  'shared',
  'rshared',
  'slave',
  'rslave',
  'unbindable',
  'runbindable',
]);
export type Propagation = Of<typeof propagation>;
export const propagations = propagation.options;

const mount = v.variant('type', [
  fields({
    type: v.literal('bind'),
    /** Absolute path on the host. */
    source: v.string(),
    target: v.string(),
    readOnly: no,
    /** Read-only, but not what is mounted below the source. */
    readOnlyNonRecursive: no,
    propagation: v.optional(propagation, 'rprivate'),
    recursive: v.optional(v.boolean(), true),
    createSource: no,
    idmap: v.optional(idmap, { kind: 'default' }),
    /** What is written goes into a layer that is thrown away at the end of each run. */
    overlay: no,
  }),
  fields({ type: v.literal('tmpfs'), target: v.string(), readOnly: no, options: texts }),
  fields({
    type: v.literal('volume'),
    /** Its name. Empty in what is asked for: one of its own, which nobody has named. */
    volume: v.string(),
    target: v.string(),
    readOnly: no,
    /** What the root has at the target is not copied into a volume that was never used. */
    noCopy: no,
    /** A folder or file in the volume, without a slash at its start; empty: the whole volume. */
    subpath: v.optional(v.string(), ''),
    overlay: no,
  }),
  fields({
    type: v.literal('image'),
    /** As it was asked for: a name, a digest, an id or the beginning of one. */
    image: v.string(),
    /** Digest of the image's configuration; empty until the image is found. */
    id: v.optional(v.string(), ''),
    /** Diff ids, the lowest first. */
    layers: texts,
    target: v.string(),
    /** Unless it is an overlay. */
    readOnly: v.optional(v.boolean(), true),
    overlay: no,
    /** A folder or file in the image, without a slash at its start; empty: all of it. */
    subpath: v.optional(v.string(), ''),
  }),
]);
export type Mount = Of<typeof mount>;

/** The volumes of the image at paths where there is no mount; they have no names yet. */
export function ownVolumes(imageVolumes: readonly string[], mounts: readonly Mount[]): Mount[] {
  const taken = new Set(mounts.map(({ target }) => target));
  return imageVolumes
    .filter((target) => !taken.has(target))
    .map((target) => ({
      ...{ type: 'volume', volume: '', target },
      ...{ readOnly: false, noCopy: false, subpath: '', overlay: false },
    }));
}

/** Whether mounts made below it in the container are to appear on the host. */
export function isShared(mount: Mount): boolean {
  return mount.type === 'bind' && (mount.propagation === 'shared' || mount.propagation === 'rshared');
}

/** What a mount shows, as it was asked for; of a tmpfs, nothing. */
export function mountSource(mount: Mount): string {
  if (mount.type === 'tmpfs') return '';
  if (mount.type === 'image') return mount.image;
  return mount.type === 'bind' ? mount.source : mount.volume;
}

/** Ids of the images that a container needs: of its root, and of its mounts. */
export function imagesOf({ rootfs, mounts }: Pick<ContainerSpec, 'rootfs' | 'mounts'>): string[] {
  const ofMounts = mounts.flatMap((mount) => (mount.type === 'image' ? [mount.id] : []));
  return [...new Set([...(rootfs.kind === 'image' ? [rootfs.id] : []), ...ofMounts])];
}

/** The same, but nothing in it can be written. */
export function asReadOnly(mount: Mount): Mount {
  return mount.type === 'tmpfs' ? { ...mount, readOnly: true } : { ...mount, readOnly: true, overlay: false };
}

/** A file in memory, which stands in no environment, log, image or record. */
const secret = fields({
  /** Which secret. */
  name: v.string(),
  /** Absolute path inside. */
  target: v.string(),
  mode: v.optional(v.number(), 0o444),
  uid: v.optional(v.number(), 0),
  gid: v.optional(v.number(), 0),
});
export interface SecretMount extends Of<typeof secret> {}

/** A network that it is connected to, as it was asked for. */
export const networkConnection = fields({
  /** Id. In what is asked for: its name, or the beginning of its id. */
  network: v.string(),
  aliases: texts,
  /** Empty: one that is free; likewise below. */
  ipv4: v.optional(v.string(), ''),
  ipv6: v.optional(v.string(), ''),
  macAddress: v.optional(v.string(), ''),
  /** The network with the greatest has the default route. */
  gwPriority: zero,
});
export interface NetworkConnection extends Of<typeof networkConnection> {}

/** Before the name of a network of CNI, where a connection may be with either kind. */
export const cniPrefix = 'cni:';

/** All connections of a spec, as they are asked for. */
export function connectionsOf({
  networks,
  cni,
}: Pick<ContainerSpec, 'networks' | 'cni'>): NetworkConnection[] {
  return [...networks, ...cni.map((one) => ({ ...one, network: cniPrefix + one.network }))];
}

const publishedPort = fields({
  /** Of the host; empty: the daemon's default. */
  hostAddress: v.optional(v.string(), ''),
  /** 0: one that is free. */
  hostPort: zero,
  containerPort: v.number(),
  protocol: v.optional(v.picklist(['tcp', 'udp', 'sctp']), 'tcp'),
  /** How many ports, one to one. */
  length: v.optional(v.number(), 1),
  /** From `hostPort` on, of how many ports a free one is chosen. */
  hostPorts: v.optional(v.number(), 1),
});
export interface PublishedPort extends Of<typeof publishedPort> {}
export const publishedPortSchema = publishedPort;

const logDriver = v.picklist(['local', 'none']);

/** What a container is to be: plain data that survives JSON.stringify unchanged. */
export const specSchema = fields({
  name: v.string(),
  rootfs,
  /** The program, and its first arguments: what comes before `process.args`. */
  entrypoint: texts,
  process: processSchema,
  hostname: v.optional(v.string(), ''),
  domainname: v.optional(v.string(), ''),
  namespaces: v.optional(namespaces, {}),
  mounts: v.optional(v.array(mount), []),
  /** CONTAINER[:ro|:rw]: whose binds and volumes it has, too. In a container that was made, they are among `mounts`. */
  volumesFrom: texts,
  secrets: v.optional(v.array(secret), []),
  readOnly: no,
  shmSizeBytes: v.optional(v.number(), 64 * 1024 * 1024),
  /** Limit of its own layers; 0: none. */
  layerSizeBytes: v.optional(v.number(), 0),
  init: v.optional(v.boolean(), true),
  /** The program is systemd, or is to be treated like it: see systemd.ts. */
  systemd: no,
  capAdd: texts,
  capDrop: texts,
  sysctls: byName(v.string()),
  /** HOST:IP. */
  extraHosts: texts,
  dns: texts,
  dnsSearch: texts,
  dnsOptions: texts,
  labels: byName(v.string()),
  /** PORT[-PORT]/PROTOCOL. Nothing is opened, except with `publishAll`. */
  exposedPorts: texts,
  /** Paths that the image declares as volumes: each without another mount has an anonymous one, which is among `mounts`. */
  imageVolumes: texts,
  /** Only with a network namespace of its own. Containers of before there were networks have none. */
  networks: v.optional(v.array(networkConnection), []),
  /** Networks of CNI, by name, in the place of `networks`. */
  cni: v.optional(v.array(networkConnection), []),
  ports: v.optional(v.array(publishedPort), []),
  /** Publish `exposedPorts`, too, at free ports. */
  publishAll: no,
  /** Null: as its networks say. */
  egress: orNull(egressSchema),
  resources: v.optional(resourcesSchema, {}),
  /** SIGTERM. */
  stopSignal: v.optional(v.number(), 15),
  stopTimeoutSeconds: v.optional(v.number(), 10),
  autoRemove: no,
  /** The lease with whose end it is removed; empty: none. */
  leaseId: v.optional(v.string(), ''),
  /** 0: no bound. */
  timeoutSeconds: v.optional(v.number(), 0),
  onDisconnect: v.optional(onDisconnectSchema, 'keep'),
  seccompUnconfined: no,
  /** JSON; empty: the built-in one. */
  seccompProfile: v.optional(v.string(), ''),
  /** Empty: likerd's own. */
  apparmorProfile: v.optional(v.string(), ''),
  /** Parts that replace those of the default, as in type:container_t. Empty: likerd's own. */
  selinuxLabel: texts,
  /** Paths that show as empty, beside the default ones. */
  maskPaths: texts,
  /** Patterns of paths that are not hidden or read-only by default, or ALL. */
  unmaskPaths: texts,
  /** Of procfs, as NAME=VALUE. */
  procOptions: texts,
  restart: v.optional(restartPolicy, { name: 'no' }),
  devices: v.optional(v.array(deviceMapping), []),
  deviceRules: v.optional(v.array(deviceRuleSchema), []),
  /** Path of the cgroup to be made in; empty: the daemon's own. */
  cgroupParent: v.optional(v.string(), ''),
  limits: v.optional(limitsModeSchema, 'strict'),
  /** Null: no check. */
  healthCheck: orNull(healthCheck),
  logDriver: v.optional(logDriver, 'local'),
  /** Greatest size of a log file; null: the default. */
  logFileBytes: orNull(v.number()),
  /** Number of log files that are kept; null: the default. */
  logFiles: orNull(v.number()),
});
export interface ContainerSpec extends Of<typeof specSchema> {}

/** What a container is asked to be: what it leaves out is as its image says, or has its default. */
export interface AskedSpec extends Given<typeof specSchema> {}

export function withDefaults(asked: AskedSpec): ContainerSpec {
  return check(specSchema, asked, 'spec');
}

/** The program and all its arguments. */
export function commandOf({ entrypoint, process }: Pick<ContainerSpec, 'entrypoint' | 'process'>): string[] {
  return [...entrypoint, ...process.args];
}

export interface ContainerChange {
  /** Null and empty change nothing. */
  readonly limits: Resources;
  /** Null: it stays. */
  readonly restart: RestartPolicy | null;
  /** Null: it stays. */
  readonly egress: EgressPolicy | null;
}
