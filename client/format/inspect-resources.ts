import type { ContainerSpec } from '../../proto/gen/types/liker/v1/ContainerSpec.ts';
import type { DeviceRule } from '../../proto/gen/types/liker/v1/DeviceRule.ts';
import type { IoDeviceValue } from '../../proto/gen/types/liker/v1/IoDeviceValue.ts';
import type { Resources } from '../../proto/gen/types/liker/v1/Resources.ts';

/** Less common limits: first those that Docker has, then Liker's own. */
export function resourceRecord(spec: ContainerSpec | null): Record<string, unknown> {
  const { cpu, memory, hugetlb, network, cgroup } = spec?.resources ?? ({} as Partial<Resources>);
  return {
    CgroupParent: spec?.cgroupParent ?? '',
    CpuRealtimePeriod: cpu?.realtimePeriodUs ?? 0,
    CpuRealtimeRuntime: cpu?.realtimeRuntimeUs ?? 0,
    MemoryReservation: memory?.reservationBytes ?? 0,
    MemorySwappiness: memory?.swappiness ?? null,
    OomKillDisable: memory?.oomKillDisable ?? false,
    OomScoreAdj: spec?.process?.oomScoreAdj ?? 0,
    ...blkioRecord(spec),
    Devices: (spec?.devices ?? []).map(({ hostPath, containerPath, access }) => ({
      PathOnHost: hostPath,
      PathInContainer: containerPath,
      CgroupPermissions: access,
    })),
    DeviceCgroupRules: (spec?.deviceRules ?? []).map(ruleText),
    CpuBurst: cpu?.burstUs ?? 0,
    CpuWeight: cpu?.weight ?? 0,
    CpuIdle: cpu?.idle ?? false,
    CpusetPartition: cpu?.cpusetPartition ?? '',
    MemoryHigh: memory?.highBytes ?? 0,
    MemoryLow: memory?.lowBytes ?? 0,
    MemoryMin: memory?.minBytes ?? 0,
    MemorySwapHigh: memory?.swapHighBytes ?? null,
    MemoryZswapMax: memory?.zswapMaxBytes ?? null,
    OomGroup: memory?.oomGroup ?? false,
    Hugetlb: (hugetlb ?? []).map(({ pageSize, maxBytes, reservationBytes }) => ({
      PageSize: pageSize,
      Limit: maxBytes ?? null,
      Reservation: reservationBytes ?? null,
    })),
    NetClsClassId: network?.classId ?? null,
    NetRate: network?.rateBits ?? 0,
    NetCeil: network?.ceilBits ?? 0,
    NetPriority: network?.priority ?? null,
    NetPrio: network?.priorities ?? {},
    CgroupMaxDescendants: cgroup?.maxDescendants ?? null,
    CgroupMaxDepth: cgroup?.maxDepth ?? null,
    CgroupConf: (cgroup?.settings ?? []).map(({ file, value }) => `${file}=${value}`),
    Limits: spec?.limits === 'LIMITS_MODE_BEST_EFFORT' ? 'best-effort' : 'strict',
  };
}

function blkioRecord(spec: ContainerSpec | null): Record<string, unknown> {
  const io = spec?.resources?.io;
  const devices = (items: readonly IoDeviceValue[] | undefined, key: string) =>
    (items ?? []).map(({ device, value }) => ({ Path: device, [key]: value }));
  return {
    BlkioWeight: io?.weight ?? 0,
    BlkioWeightDevice: devices(io?.weightDevices, 'Weight'),
    BlkioDeviceReadBps: devices(io?.readBps, 'Rate'),
    BlkioDeviceWriteBps: devices(io?.writeBps, 'Rate'),
    BlkioDeviceReadIOps: devices(io?.readIops, 'Rate'),
    BlkioDeviceWriteIOps: devices(io?.writeIops, 'Rate'),
    IoLatencyUs: devices(io?.latencyUs, 'Target'),
  };
}

function ruleText({ deny, type, major, minor, access }: DeviceRule): string {
  return `${deny ? 'deny ' : ''}${type} ${major ?? '*'}:${minor ?? '*'} ${access}`;
}
