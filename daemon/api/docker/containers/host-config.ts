import type { ContainerView } from '../../../engine/containers/api.ts';
import { type ContainerSpec, shareText, userNamespaceText } from '../../../engine/containers/model/spec.ts';
import { bindText } from './mount-record.ts';
import { networkMode } from './network-settings.ts';
import { portBindings } from './ports.ts';

/** What was asked for at the creation. */
export function hostConfig(view: ContainerView): object {
  const { spec } = view;
  const { process, namespaces, restart } = spec;
  const tmpfs = spec.mounts.flatMap((mount) => (mount.type === 'tmpfs' ? [mount] : []));
  return {
    Binds: spec.mounts.map(bindText).filter((text) => text !== null),
    ContainerIDFile: '',
    LogConfig: logConfig(spec),
    NetworkMode: networkMode(view),
    PortBindings: portBindings(spec.ports),
    RestartPolicy: { Name: restart.name, MaximumRetryCount: restart.maxRetries },
    AutoRemove: spec.autoRemove,
    VolumeDriver: '',
    VolumesFrom: spec.volumesFrom,
    ConsoleSize: [process.terminalSize?.rows ?? 0, process.terminalSize?.columns ?? 0],
    CapAdd: spec.capAdd,
    CapDrop: spec.capDrop,
    CgroupnsMode: shareText(namespaces.cgroup) || 'private',
    Dns: spec.dns,
    DnsOptions: spec.dnsOptions,
    DnsSearch: spec.dnsSearch,
    ExtraHosts: spec.extraHosts,
    GroupAdd: process.additionalGroups,
    IpcMode: shareText(namespaces.ipc) || 'private',
    Cgroup: '',
    Links: null,
    OomScoreAdj: process.oomScoreAdj ?? 0,
    PidMode: shareText(namespaces.pid),
    Privileged: process.privileged,
    PublishAllPorts: spec.publishAll,
    ReadonlyRootfs: spec.readOnly,
    SecurityOpt: securityOptions(spec),
    Tmpfs: Object.fromEntries(tmpfs.map(({ target, options }) => [target, options.join(',')])),
    UTSMode: shareText(namespaces.uts),
    UsernsMode: userNamespaceText(namespaces.user),
    ShmSize: spec.shmSizeBytes,
    Sysctls: spec.sysctls,
    Runtime: 'liker',
    Isolation: '',
    Init: spec.init,
    ...(spec.layerSizeBytes > 0 && { StorageOpt: { size: String(spec.layerSizeBytes) } }),
    ...limits(spec),
    Ulimits: process.rlimits.map(({ name, soft, hard }) => ({
      Name: name,
      Soft: Number(soft),
      Hard: Number(hard),
    })),
    Devices: spec.devices.map(({ hostPath, containerPath, access }) => ({
      ...{ PathOnHost: hostPath, PathInContainer: containerPath, CgroupPermissions: access },
    })),
    DeviceCgroupRules: spec.deviceRules.map(ruleText),
    DeviceRequests: null,
    // Of Windows.
    ...{ CpuCount: 0, CpuPercent: 0, IOMaximumIOps: 0, IOMaximumBandwidth: 0 },
    MaskedPaths: view.hidden.masked,
    ReadonlyPaths: view.hidden.readOnly,
  };
}

function limits({ resources, cgroupParent }: ContainerSpec): object {
  const { cpu, memory, pids, io } = resources;
  const rates = (values: typeof io.readBps, key: string) =>
    values.map(({ device, value }) => ({ Path: device, [key]: value }));
  return {
    CpuShares: cpu.shares ?? 0,
    Memory: memory.maxBytes ?? 0,
    NanoCpus: nanoCpus(cpu),
    CgroupParent: cgroupParent,
    BlkioWeight: io.weight ?? 0,
    BlkioWeightDevice: rates(io.weightDevices, 'Weight'),
    BlkioDeviceReadBps: rates(io.readBps, 'Rate'),
    BlkioDeviceWriteBps: rates(io.writeBps, 'Rate'),
    BlkioDeviceReadIOps: rates(io.readIops, 'Rate'),
    BlkioDeviceWriteIOps: rates(io.writeIops, 'Rate'),
    CpuPeriod: cpu.periodUs ?? 0,
    CpuQuota: cpu.quotaUs ?? 0,
    CpuRealtimePeriod: cpu.realtimePeriodUs ?? 0,
    CpuRealtimeRuntime: cpu.realtimeRuntimeUs ?? 0,
    CpusetCpus: cpu.cpusetCpus ?? '',
    CpusetMems: cpu.cpusetMems ?? '',
    MemoryReservation: memory.reservationBytes ?? 0,
    MemorySwap: memory.memorySwapBytes ?? 0,
    MemorySwappiness: memory.swappiness,
    OomKillDisable: memory.oomKillDisable ?? false,
    PidsLimit: pids.max,
  };
}

function nanoCpus({ quotaUs, periodUs }: ContainerSpec['resources']['cpu']): number {
  return quotaUs === null || quotaUs < 0 ? 0 : Math.round((quotaUs / (periodUs ?? 100_000)) * 1e9);
}

function logConfig({ logDriver, logFileBytes, logFiles }: ContainerSpec): object {
  const bounds = { 'max-size': logFileBytes, 'max-file': logFiles };
  const given = Object.entries(bounds).filter(([, value]) => value !== null);
  // Some clients read logs only of drivers that they know.
  const Type = logDriver === 'none' ? 'none' : 'json-file';
  return { Type, Config: Object.fromEntries(given.map(([name, value]) => [name, String(value)])) };
}

function securityOptions(spec: ContainerSpec): string[] {
  const { seccompUnconfined, seccompProfile, apparmorProfile, selinuxLabel, process } = spec;
  return [
    ...(seccompUnconfined ? ['seccomp=unconfined'] : []),
    ...(seccompProfile === '' ? [] : [`seccomp=${seccompProfile}`]),
    ...(process.noNewPrivileges ? ['no-new-privileges'] : []),
    ...(apparmorProfile === '' ? [] : [`apparmor=${apparmorProfile}`]),
    ...selinuxLabel.map((part) => `label=${part}`),
  ];
}

function ruleText({ type, major, minor, access }: ContainerSpec['deviceRules'][number]): string {
  return `${type} ${major ?? '*'}:${minor ?? '*'} ${access}`;
}
