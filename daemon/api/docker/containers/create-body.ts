import * as v from 'valibot';
import { count, flag, list, listOf, mapOf, maybe, text } from '../http/call.ts';

const words = v.nullish(
  v.union([
    v.pipe(
      v.string(),
      v.transform((word) => [word]),
    ),
    v.array(v.string()),
  ]),
  null,
);

const healthcheck = v.looseObject({
  Test: list,
  Interval: count,
  Timeout: count,
  StartPeriod: count,
  StartInterval: count,
  Retries: count,
});

const deviceValue = (key: string) => v.looseObject({ Path: v.string(), [key]: v.number() });

const mount = v.looseObject({
  Type: text,
  Source: text,
  Target: text,
  ReadOnly: flag,
  BindOptions: maybe(
    v.looseObject({
      Propagation: text,
      NonRecursive: flag,
      CreateMountpoint: flag,
      ReadOnlyNonRecursive: flag,
    }),
  ),
  VolumeOptions: maybe(
    v.looseObject({
      NoCopy: flag,
      Subpath: text,
      DriverConfig: maybe(v.looseObject({ Name: text, Options: mapOf(v.string()) })),
    }),
  ),
  ImageOptions: maybe(v.looseObject({ Subpath: text })),
  TmpfsOptions: maybe(v.looseObject({ SizeBytes: count, Mode: count })),
});
export type AskedMount = v.InferOutput<typeof mount>;

/** What can be changed while it runs. */
export const limitFields = {
  CpuShares: count,
  NanoCpus: count,
  CpuPeriod: count,
  CpuQuota: count,
  CpuRealtimePeriod: count,
  CpuRealtimeRuntime: count,
  CpusetCpus: text,
  CpusetMems: text,
  Memory: count,
  MemorySwap: count,
  MemoryReservation: count,
  MemorySwappiness: maybe(v.number()),
  OomKillDisable: maybe(v.boolean()),
  PidsLimit: maybe(v.number()),
  BlkioWeight: count,
  BlkioWeightDevice: listOf(deviceValue('Weight')),
  BlkioDeviceReadBps: listOf(deviceValue('Rate')),
  BlkioDeviceWriteBps: listOf(deviceValue('Rate')),
  BlkioDeviceReadIOps: listOf(deviceValue('Rate')),
  BlkioDeviceWriteIOps: listOf(deviceValue('Rate')),
};
const limits = v.looseObject(limitFields);
export type AskedLimits = v.InferOutput<typeof limits>;

export const restartPolicy = maybe(v.looseObject({ Name: text, MaximumRetryCount: count }));

const hostConfig = v.looseObject({
  ...limitFields,
  Binds: list,
  Mounts: listOf(mount),
  Tmpfs: mapOf(v.string()),
  VolumesFrom: list,
  VolumeDriver: text,
  NetworkMode: text,
  PortBindings: mapOf(v.nullish(v.array(v.looseObject({ HostIp: text, HostPort: text })), [])),
  PublishAllPorts: flag,
  RestartPolicy: restartPolicy,
  AutoRemove: flag,
  LogConfig: maybe(v.looseObject({ Type: text, Config: mapOf(v.string()) })),
  CapAdd: list,
  CapDrop: list,
  GroupAdd: list,
  Dns: list,
  DnsSearch: list,
  DnsOptions: list,
  ExtraHosts: list,
  IpcMode: text,
  PidMode: text,
  UTSMode: text,
  UsernsMode: text,
  CgroupnsMode: text,
  CgroupParent: text,
  Links: list,
  OomScoreAdj: count,
  Privileged: flag,
  ReadonlyRootfs: flag,
  SecurityOpt: list,
  MaskedPaths: maybe(v.array(v.string())),
  ReadonlyPaths: maybe(v.array(v.string())),
  StorageOpt: mapOf(v.string()),
  ShmSize: count,
  Sysctls: mapOf(v.string()),
  Runtime: text,
  Init: maybe(v.boolean()),
  ConsoleSize: maybe(v.array(v.number())),
  Devices: listOf(v.looseObject({ PathOnHost: v.string(), PathInContainer: text, CgroupPermissions: text })),
  DeviceCgroupRules: list,
  DeviceRequests: listOf(v.looseObject({})),
  Ulimits: listOf(v.looseObject({ Name: v.string(), Soft: v.number(), Hard: v.number() })),
});
export type AskedHost = v.InferOutput<typeof hostConfig>;

const noObject = {};

/** A place on a network, as it is asked for. */
export const endpointConfig = v.nullish(
  v.looseObject({
    Aliases: list,
    IPAMConfig: maybe(v.looseObject({ IPv4Address: text, IPv6Address: text })),
    MacAddress: text,
    GwPriority: count,
  }),
  noObject,
);
export type AskedEndpoint = v.InferOutput<typeof endpointConfig>;

/** What POST /containers/create has for a body. */
export const createBody = v.looseObject({
  Image: text,
  Cmd: words,
  Entrypoint: words,
  Env: list,
  User: text,
  WorkingDir: text,
  Hostname: text,
  Domainname: text,
  MacAddress: text,
  Tty: flag,
  OpenStdin: flag,
  Labels: mapOf(v.string()),
  Volumes: mapOf(v.unknown()),
  ExposedPorts: mapOf(v.unknown()),
  StopSignal: text,
  StopTimeout: maybe(v.number()),
  Healthcheck: maybe(healthcheck),
  HostConfig: v.nullish(hostConfig, noObject),
  NetworkingConfig: v.nullish(v.looseObject({ EndpointsConfig: mapOf(endpointConfig) }), noObject),
});
export type CreateBody = v.InferOutput<typeof createBody>;
