import type { Container } from '../../proto/gen/types/liker/v1/Container.ts';
import type { ContainerSpec } from '../../proto/gen/types/liker/v1/ContainerSpec.ts';
import type { ProcessSpec } from '../../proto/gen/types/liker/v1/ProcessSpec.ts';
import { forEver } from '../request/seconds.ts';
import { egressText } from './egress.ts';
import { enumWord } from './enum-word.ts';
import { idRunText } from './id-run-text.ts';
import { healthConfig, healthState } from './inspect-health.ts';
import { networkSettings, portBindings } from './inspect-network.ts';
import { resourceRecord } from './inspect-resources.ts';
import { bindText, mountRecord } from './mount-record.ts';
import { networkMode } from './network-mode.ts';
import { exposedPorts, insidePort, singlePorts } from './ports.ts';
import { rootName } from './root-name.ts';
import { sortedMap } from './sorted-map.ts';
import { stateWord } from './status.ts';
import { rfc3339 } from './timestamp.ts';
import { ulimitValue } from './ulimit-value.ts';

/** Docker's name for the driver that mounts an overlay. */
const driver = 'overlay2';

/** A container in Docker's form, followed by Liker's own fields. */
export function inspectRecord(container: Container): Record<string, unknown> {
  const { spec } = container;
  const args = [...(spec?.entrypoint?.args ?? []), ...(spec?.process?.args ?? [])];
  return {
    Id: container.id,
    Created: rfc3339(container.createdAt),
    Path: args[0] ?? '',
    Args: args.slice(1),
    State: state(container),
    Image: container.imageId || rootName(spec),
    // With Docker's slash, which every command accepts.
    Name: `/${spec?.name ?? ''}`,
    RestartCount: container.restartCount,
    Driver: driver,
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: spec?.apparmorProfile ?? '',
    GraphDriver: { Name: driver, Data: sortedMap({}) },
    Mounts: (spec?.mounts ?? []).map((mount) => mountRecord(mount, container.volumePaths)),
    Config: config(container),
    HostConfig: hostConfig(container),
    NetworkSettings: networkSettings(container),
    ...(container.layerBytes === undefined
      ? {}
      : { SizeRw: container.layerBytes, SizeLog: container.logBytes }),
    ExecIDs: container.execIds,
    LogPath: container.logPath,
    Rootfs: { Directory: spec?.rootfs?.directory ?? '', Mode: enumWord(spec?.rootfs?.mode, 'MODE_') },
    CgroupPaths: sortedMap(container.cgroupPaths),
    AppliedLimits: container.appliedLimits.map((limit) => ({
      Knob: limit.knob,
      Requested: limit.requested,
      File: limit.file,
      Written: limit.written,
      Effective: limit.effective,
      Problem: limit.problem,
    })),
    UserNamespaceOwner: container.userNamespace?.owner ?? '',
    UserNamespaceProblem: container.userNamespaceProblem,
    AttachedClients: container.attachedClients,
    LeaseId: spec?.leaseId ?? '',
  };
}

function state(container: Container): Record<string, unknown> {
  const { exit } = container;
  const word = stateWord(container);
  return {
    Status: word,
    Running: word === 'running' || word === 'paused' || word === 'orphaned',
    Paused: word === 'paused',
    Restarting: word === 'restarting',
    Dead: false,
    OOMKilled: exit?.oomKilled ?? false,
    OOMKills: container.oomKills,
    Pid: container.pid,
    ShimPid: container.shimPid,
    ExitCode: exit?.code ?? 0,
    Signal: exit?.signal ?? 0,
    Error: exit?.startError ?? '',
    StartedAt: rfc3339(container.startedAt),
    FinishedAt: rfc3339(container.finishedAt ?? exit?.exitedAt),
    ClientLost: container.clientLost,
    ...healthState(container.health),
  };
}

function config({ spec, imageVolumes }: Container): Record<string, unknown> {
  const process: Partial<ProcessSpec> = spec?.process ?? {};
  return {
    Hostname: spec?.hostname ?? '',
    Domainname: spec?.domainname ?? '',
    User: process.user ?? '',
    Tty: process.tty ?? false,
    OpenStdin: process.openStdin ?? false,
    Env: process.env ?? [],
    Cmd: process.args ?? [],
    Image: rootName(spec),
    Entrypoint: spec?.entrypoint?.args ?? [],
    ExposedPorts: named(allExposed(spec)),
    Volumes: named(imageVolumes),
    WorkingDir: process.cwd || '/',
    Labels: sortedMap(spec?.labels),
    SystemdMode: spec?.systemd ?? false,
    StopSignal: spec?.stopSignal || 'SIGTERM',
    StopTimeout: spec?.stopTimeoutSeconds === forEver ? -1 : (spec?.stopTimeoutSeconds ?? 10),
    ...healthConfig(spec?.healthCheck ?? null),
  };
}

function hostConfig(container: Container): Record<string, unknown> {
  const { spec, userNamespace, maskedPaths, readOnlyPaths } = container;
  const { cpu, memory, pids } = spec?.resources ?? {};
  const namespaces = spec?.namespaces;
  const tmpfs = (spec?.mounts ?? []).filter(({ type }) => type === 'TYPE_TMPFS');
  const quota = cpu?.quotaUs;
  const nanoCpus = quota === undefined || quota < 0 ? 0 : (quota / (cpu?.periodUs ?? 100_000)) * 1e9;
  return {
    Binds: (spec?.mounts ?? [])
      .filter(({ type }) => type === 'TYPE_BIND' || type === 'TYPE_VOLUME')
      .map(bindText),
    Tmpfs: sortedMap(Object.fromEntries(tmpfs.map(({ target, options }) => [target, options.join(',')]))),
    AutoRemove: spec?.autoRemove ?? false,
    PortBindings: portBindings(spec?.ports ?? []),
    PublishAllPorts: spec?.publishAll ?? false,
    Egress: egressText(spec?.egress ?? null),
    Links: [],
    VolumesFrom: spec?.volumesFrom ?? [],
    LogConfig: logConfig(spec),
    RestartPolicy: {
      Name: enumWord(spec?.restart?.name, 'NAME_').replaceAll('_', '-'),
      MaximumRetryCount: spec?.restart?.maxRetries ?? 0,
    },
    ReadonlyRootfs: spec?.readOnly ?? false,
    Privileged: spec?.process?.privileged ?? false,
    Init: spec?.init ?? true,
    CapAdd: spec?.capAdd ?? [],
    CapDrop: spec?.capDrop ?? [],
    GroupAdd: spec?.process?.additionalGroups ?? [],
    SecurityOpt: securityOptions(spec),
    MaskedPaths: maskedPaths,
    ReadonlyPaths: readOnlyPaths,
    Dns: spec?.dns ?? [],
    DnsSearch: spec?.dnsSearch ?? [],
    DnsOptions: spec?.dnsOptions ?? [],
    ExtraHosts: spec?.extraHosts ?? [],
    Sysctls: sortedMap(spec?.sysctls),
    ShmSize: spec?.shmSizeBytes ?? 64 * 1024 * 1024,
    ...(spec?.layerSizeBytes ? { StorageOpt: { size: String(spec.layerSizeBytes) } } : {}),
    Ulimits: (spec?.process?.rlimits ?? []).map(({ name, soft, hard }) => ({
      Name: name,
      Soft: ulimitValue(soft),
      Hard: ulimitValue(hard),
    })),
    NetworkMode: networkMode(container),
    PidMode: namespaces?.pid ?? '',
    IpcMode: namespaces?.ipc || 'private',
    UTSMode: namespaces?.uts ?? '',
    UsernsMode: namespaces?.user ?? '',
    // As in Podman.
    IDMappings: userNamespace && {
      UidMap: userNamespace.uids.map(idRunText),
      GidMap: userNamespace.gids.map(idRunText),
    },
    CgroupnsMode: namespaces?.cgroup || 'private',
    Memory: memory?.maxBytes ?? 0,
    MemorySwap: memory?.memorySwapBytes ?? 0,
    CpuShares: cpu?.shares ?? 0,
    CpuQuota: quota ?? 0,
    CpuPeriod: cpu?.periodUs ?? 0,
    NanoCpus: Math.round(nanoCpus),
    CpusetCpus: cpu?.cpusetCpus ?? '',
    CpusetMems: cpu?.cpusetMems ?? '',
    ...resourceRecord(spec),
    PidsLimit: pids?.max ?? null,
    Timeout: spec?.timeoutSeconds ?? 0,
    OnDisconnect: enumWord(spec?.onDisconnect, 'ON_DISCONNECT_'),
  };
}

function logConfig(spec: ContainerSpec | null): Record<string, unknown> {
  const bounds = { 'max-size': spec?.logFileBytes, 'max-file': spec?.logFiles };
  const given = Object.entries(bounds).filter(([, value]) => value !== undefined);
  return {
    Type: spec?.logDriver === 'LOG_DRIVER_NONE' ? 'none' : 'local',
    Config: Object.fromEntries(given.map(([name, value]) => [name, String(value)])),
  };
}

function securityOptions(spec: ContainerSpec | null): string[] {
  return [
    ...(spec?.seccompUnconfined ? ['seccomp=unconfined'] : []),
    ...given('seccomp', spec?.seccompProfile),
    ...(spec?.process?.noNewPrivileges ? ['no-new-privileges'] : []),
    ...given('apparmor', spec?.apparmorProfile),
    ...(spec?.selinuxLabel ?? []).map((part) => `label=${part}`),
    ...given('mask', spec?.maskPaths.join(':')),
    ...given('unmask', spec?.unmaskPaths.join(':')),
    ...given('proc-opts', spec?.procOptions.join(',')),
  ];
}

function given(name: string, value = ''): string[] {
  return value === '' ? [] : [`${name}=${value}`];
}

/** As in Docker, a published port is exposed. */
function allExposed(spec: ContainerSpec | null): string[] {
  return [
    ...exposedPorts(spec?.exposedPorts ?? []),
    ...(spec?.ports ?? []).flatMap(singlePorts).map(insidePort),
  ];
}

/** As Go writes a set. */
function named(names: readonly string[] = []): Record<string, object> {
  return sortedMap(Object.fromEntries(names.map((name) => [name, {}])));
}
