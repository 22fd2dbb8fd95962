import { formatBinaryBytes } from '../../common/units.ts';
import type { GetInfoResponse } from '../../proto/gen/types/liker/v1/GetInfoResponse.ts';
import type { Command } from '../cli/command.ts';
import { clientVersion } from '../cli/version.ts';
import { system } from '../connection/methods.ts';
import { recordFormat } from '../format/record-format.ts';
import { printLines, printText } from '../output/print.ts';
import { table } from '../output/table.ts';

export const info: Command = {
  name: 'info',
  usage: '',
  summary: 'Print what the engine and this machine support',
  example: "likerctl info --format '{{.CgroupLayout}}'",
  flags: [{ name: 'format', short: 'f', type: 'string', value: 'FORMAT', help: 'json, or a template' }],
  operands: [0, 0],
  async run({ flags, context }) {
    const connection = await context.connect();
    const record = infoRecord(await connection.unary(system.GetInfo, {}));
    const format = flags.text('format') ?? '';
    if (format === '') printLines(infoLines(record));
    else printText(`${recordFormat(format)(record)}\n`);
    return 0;
  },
};

type InfoRecord = ReturnType<typeof infoRecord>;

function infoRecord(info: GetInfoResponse) {
  return {
    ClientVersion: clientVersion,
    ServerVersion: info.version,
    DaemonPid: info.pid,
    Containers: info.containers,
    ContainersRunning: info.running,
    ContainersPaused: info.paused,
    ContainersStopped: info.stopped,
    RootDir: info.root,
    RunDir: info.run,
    Name: info.hostname,
    OperatingSystem: info.operatingSystem,
    KernelVersion: info.kernel,
    NCPU: info.cpus,
    MemTotal: info.memoryBytes,
    CgroupLayout: info.cgroupLayout,
    CgroupControllers: info.cgroupControllers.map(({ name, version, mountPoint }) => ({
      Name: name,
      Version: version,
      MountPoint: mountPoint,
    })),
    Knobs: info.knobs.map(({ knob, controller, version, file, problem }) => ({
      Knob: knob,
      Controller: controller,
      Version: version,
      File: file,
      Problem: problem,
    })),
    Capabilities: info.capabilities,
    Seccomp: info.seccomp,
    LandlockVersion: info.landlockVersion,
    AppArmor: info.apparmor,
    SELinux: info.selinux,
    UserNamespaces: {
      Default: info.userNamespaces?.byDefault ?? '',
      Problem: info.userNamespaces?.problem ?? '',
      Source: info.userNamespaces?.source ?? '',
      IDs: (info.userNamespaces?.ids ?? []).map(({ start, count }) => `${start}-${start + count - 1}`),
      Ranges: info.userNamespaces?.ranges ?? 0,
      FreeRanges: info.userNamespaces?.freeRanges ?? 0,
    },
    Networks: {
      Default: info.networks?.byDefault ?? '',
      Problem: info.networks?.problem ?? '',
      Pools: info.networks?.pools ?? [],
      PublishAddresses: info.networks?.publishAddresses ?? [],
    },
    Rootless: info.rootless && {
      User: info.rootless.user,
      Uid: info.rootless.uid,
      Losses: info.rootless.losses,
    },
    DaemonMemory: info.rssBytes,
    DaemonHeap: info.heapBytes,
    EventLoopMaxMs: info.eventLoopMaxMs,
    EventLoopP99Ms: info.eventLoopP99Ms,
    EventLoopRecentMaxMs: info.eventLoopRecentMaxMs,
    EventLoopRecentP99Ms: info.eventLoopRecentP99Ms,
    EventLoopBusyMaxMs: info.eventLoopBusyMaxMs,
    Warnings: info.warnings,
  };
}

/** Each limit with the file that sets it on this machine, or why it is missing. */
function knobLines({ Knobs }: InfoRecord): string[] {
  const rows = Knobs.map(({ Knob, Controller, Version, File, Problem }) =>
    Problem === ''
      ? [`  ${Knob}`, Version > 0 ? `v${Version}` : Controller === 'process' ? 'proc' : Controller, File]
      : [`  ${Knob}`, '-', Problem],
  );
  return table(rows);
}

function userNamespaceLines({ UserNamespaces: found, Rootless }: InfoRecord): string[] {
  if (Rootless) return [` User namespaces: ${found.Default} by default; ${found.Problem}`];
  const used = found.Ranges - found.FreeRanges;
  return [
    ` User namespaces: ${found.Default} by default${found.Problem === '' ? '' : `, but cannot be made: ${found.Problem}`}`,
    `  IDs: ${found.IDs.join(' ')} (${found.Source})`,
    `  Ranges: ${found.Ranges}, of which ${used} used and ${found.FreeRanges} free`,
  ];
}

function networkLines({ Networks: found }: InfoRecord): string[] {
  return [
    ` Networks: ${found.Default || 'none'} by default`,
    ...(found.Problem === '' ? [] : [`  Cannot be made: ${found.Problem}`]),
    `  Subnets from: ${found.Pools.join(' ')}`,
    `  Ports are published at: ${found.PublishAddresses.join(' ')}`,
  ];
}

function rootlessLines({ Rootless: found }: InfoRecord): string[] {
  if (!found) return [];
  return [` Without root: user ${found.User} (${found.Uid})`, ...found.Losses.map((loss) => `  ${loss}`)];
}

function ms(delay: number): string {
  return `${delay.toFixed(1)} ms`;
}

function infoLines(record: InfoRecord): string[] {
  const controllers = record.CgroupControllers.map(
    ({ Name, Version, MountPoint }) =>
      `  ${Name}: ${Version === 0 ? 'missing' : `v${Version} ${MountPoint}`}`,
  );
  return [
    'Client:',
    ` Version: ${record.ClientVersion}`,
    '',
    'Server:',
    ` Version: ${record.ServerVersion} (pid ${record.DaemonPid}, ${formatBinaryBytes(record.DaemonMemory)})`,
    ` Containers: ${record.Containers}`,
    `  Running: ${record.ContainersRunning}`,
    `  Paused: ${record.ContainersPaused}`,
    `  Stopped: ${record.ContainersStopped}`,
    ` Data: ${record.RootDir}`,
    ` State: ${record.RunDir}`,
    ` Host: ${record.Name}, ${record.OperatingSystem}, kernel ${record.KernelVersion}`,
    ` CPUs: ${record.NCPU}`,
    ` Memory: ${formatBinaryBytes(record.MemTotal)}`,
    ` cgroup layout: ${record.CgroupLayout}`,
    ...controllers,
    ' Limits:',
    ...knobLines(record),
    ...rootlessLines(record),
    ...userNamespaceLines(record),
    ...networkLines(record),
    ` seccomp: ${record.Seccomp ? 'yes' : 'no'}`,
    ` Landlock: ${record.LandlockVersion === 0 ? 'no' : `version ${record.LandlockVersion}`}`,
    ` AppArmor: ${record.AppArmor ? 'yes' : 'no'}`,
    ` SELinux: ${record.SELinux ? 'yes' : 'no'}`,
    ` Capabilities: ${record.Capabilities.join(' ')}`,
    ` Event loop: p99 ${ms(record.EventLoopP99Ms)}, max ${ms(record.EventLoopMaxMs)}, busy ${ms(record.EventLoopBusyMaxMs)}`,
    `  Last minute: p99 ${ms(record.EventLoopRecentP99Ms)}, max ${ms(record.EventLoopRecentMaxMs)}`,
    ...record.Warnings.map((warning) => `WARNING: ${warning}`),
  ];
}
