import { readFileSync } from 'node:fs';
import { cpus, hostname, release, totalmem } from 'node:os';
import type { Door } from '../door.ts';
import { timeText } from '../format/time.ts';
import { type Answer, json } from '../http/answer.ts';
import { architecture, engineVersion } from './version.ts';

export async function info(door: Door): Promise<Answer> {
  const { system, images } = door.engine;
  const found = system.info();
  const isV2 = found.cgroupControllers.every(({ version }) => version === 2);
  const security = [
    ...(found.seccomp ? ['name=seccomp,profile=builtin'] : []),
    ...(found.apparmor ? ['name=apparmor'] : []),
    ...(found.selinux ? ['name=selinux'] : []),
    ...(found.rootless ? ['name=rootless'] : []),
    ...(found.userNamespaces.byDefault === 'auto' ? ['name=userns'] : []),
    ...(isV2 ? ['name=cgroupns'] : []),
  ];
  const has = (controller: string) => found.cgroupControllers.some(({ name }) => name === controller);
  return json({
    ID: machineId(),
    Containers: found.containers,
    ContainersRunning: found.running,
    ContainersPaused: found.paused,
    ContainersStopped: found.stopped,
    Images: (await images.list([])).length,
    Driver: 'overlay2',
    DriverStatus: [['Backing Filesystem', 'overlayfs']],
    Plugins: {
      Volume: ['local'],
      Network: ['bridge', 'host', 'ipvlan', 'macvlan', 'null'],
      Authorization: null,
      Log: ['json-file', 'local', 'none'],
    },
    MemoryLimit: has('memory'),
    SwapLimit: has('memory'),
    CpuCfsPeriod: has('cpu'),
    CpuCfsQuota: has('cpu'),
    CPUShares: has('cpu'),
    CPUSet: has('cpuset'),
    PidsLimit: has('pids'),
    OomKillDisable: has('memory') && !isV2,
    IPv4Forwarding: true,
    Debug: false,
    NFd: 0,
    NGoroutines: 0,
    SystemTime: timeText(Date.now()),
    LoggingDriver: 'json-file',
    CgroupDriver: 'cgroupfs',
    CgroupVersion: isV2 ? '2' : '1',
    NEventsListener: 0,
    KernelVersion: release(),
    OperatingSystem: operatingSystem(),
    OSVersion: '',
    OSType: 'linux',
    Architecture: { amd64: 'x86_64', arm64: 'aarch64' }[architecture] ?? architecture,
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: {
      InsecureRegistryCIDRs: [],
      IndexConfigs: { 'docker.io': { Name: 'docker.io', Mirrors: [], Secure: true, Official: true } },
      Mirrors: [],
    },
    NCPU: cpus().length,
    MemTotal: totalmem(),
    GenericResources: null,
    DockerRootDir: found.root,
    HttpProxy: process.env['HTTP_PROXY'] ?? '',
    HttpsProxy: process.env['HTTPS_PROXY'] ?? '',
    NoProxy: process.env['NO_PROXY'] ?? '',
    Name: hostname(),
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: engineVersion,
    // Both names are taken, and mean the same.
    Runtimes: { liker: { path: 'liker-shim' }, runc: { path: 'liker-shim' } },
    DefaultRuntime: 'liker',
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
    LiveRestoreEnabled: true,
    Isolation: '',
    InitBinary: 'liker-init',
    SecurityOptions: security,
    ProductLicense: '',
    Warnings: found.warnings,
  });
}

function machineId(): string {
  return firstLine('/etc/machine-id') || hostname();
}

function operatingSystem(): string {
  const line = text('/etc/os-release').match(/^PRETTY_NAME="?([^"\n]*)"?$/m);
  return line?.[1] ?? 'Linux';
}

function firstLine(file: string): string {
  return text(file).split('\n', 1)[0] ?? '';
}

function text(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
