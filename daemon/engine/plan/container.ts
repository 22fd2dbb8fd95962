import { cloneFlag, type Launch, type LaunchSettings, type Step } from '../../kernel/plan/steps.ts';
import type { HostProcess } from '../container/phase.ts';
import type { ContainerSpec, ProcessSpec, Share } from '../container/spec.ts';
import { windowBytes } from '../session/process.ts';
import { cgroupMounts } from './cgroup-mounts.ts';
import { ms } from './constants.ts';
import { type DeviceNode, deviceSteps } from './devices.ts';
import { bindStep, ownNamespaces, standardMounts, userMount } from './mounts.ts';
import { type Credentials, environment, oomScoreStep, processSteps } from './process.ts';

/** Where a process goes: its control groups. */
export interface CgroupTarget {
  /** v1 files that the child writes 0 to. */
  readonly joinFiles: readonly string[];
  /** v2 folder; empty for none. */
  readonly unified: string;
}

/** Everything that the plan of a container's start is made from. */
export interface ContainerPlanInput {
  readonly spec: ContainerSpec;
  readonly hostname: string;
  /** Folder on the host where the root is mounted in the container's own mount namespace. */
  readonly mountPoint: string;
  /** Options of the overlay; null: the directory itself. */
  readonly overlay: string | null;
  /** Files of the host bound over the container's own: target to source. */
  readonly files: Readonly<Record<string, string>>;
  readonly cgroup: CgroupTarget;
  readonly cgroupPaths: Readonly<Record<string, string>>;
  readonly credentials: Credentials;
  readonly home: string;
  readonly maskedPaths: readonly string[];
  readonly readOnlyPaths: readonly string[];
  /** Beside the standard ones. */
  readonly devices: readonly DeviceNode[];
  /** oom_score_adj to set; null leaves it. */
  readonly oomScore: number | null;
  /** First processes of the containers whose namespaces are shared. */
  readonly shared: Readonly<Partial<Record<'pid' | 'ipc' | 'network', HostProcess>>>;
  /** A client waits for the output from the first byte. */
  readonly attended: boolean;
}

/** Compiles a container's start. Pure: the same input gives the same plan. */
export function containerPlan(input: ContainerPlanInput): Launch {
  const { spec } = input;
  return {
    settings: {
      ...launchSettings(spec.process, input.cgroup, input.attended),
      cloneFlags: ownNamespaces(spec),
      joinPid: input.shared.pid ?? null,
    },
    steps: [
      ...namespaceSteps(input),
      ...rootSteps(input),
      ...standardMounts(spec, input.shared.ipc),
      cgroupMounts(input.cgroupPaths, spec.process.privileged),
      ...deviceSteps(input.devices),
      ...Object.entries(input.files).map(([target, source]) => bindStep({ source, target, optional: true })),
      ...[...spec.mounts].sort((a, b) => depth(a.target) - depth(b.target)).map(userMount),
      ...terminalStep(spec.process, input.credentials, true),
      ...identitySteps(input),
      { step: 'pivot' },
      ...(spec.process.privileged ? [] : input.maskedPaths.map((target): Step => ({ step: 'mask', target }))),
      ...(spec.process.privileged
        ? []
        : input.readOnlyPaths.map((target): Step => ({ step: 'read-only', target }))),
      ...(spec.readOnly || spec.rootfs.mode === 'ro' ? [{ step: 'root-read-only' } as const] : []),
      ...(hasInit(spec) ? [{ step: 'init' } as const] : []),
      ...processSteps(spec.process, input.credentials, {
        env: environment(spec.process, { home: input.home, hostname: input.hostname }),
        makeCwd: true,
      }),
    ],
  };
}

/** The init is pid 1, so it needs a pid namespace of its own. */
export function hasInit(spec: ContainerSpec): boolean {
  return spec.init && spec.namespaces.pid.kind === 'private';
}

function depth(path: string): number {
  return path.split('/').filter(Boolean).length;
}

export function launchSettings(spec: ProcessSpec, cgroup: CgroupTarget, attended: boolean): LaunchSettings {
  const size = spec.terminalSize;
  return {
    cloneFlags: 0,
    cgroup2: cgroup.unified,
    tty: spec.tty,
    openStdin: spec.openStdin,
    columns: size?.columns ?? 80,
    rows: size?.rows ?? 24,
    xPixels: size?.xPixels ?? 0,
    yPixels: size?.yPixels ?? 0,
    joinMain: 0,
    joinPid: null,
    window: attended ? windowBytes : 0,
  };
}

export function terminalStep(spec: ProcessSpec, credentials: Credentials, console: boolean): Step[] {
  // Group 5 is tty, as devpts is told.
  return spec.tty ? [{ step: 'terminal', console, uid: credentials.uid, gid: 5 }] : [];
}

function namespaceSteps({ spec, cgroup, shared, oomScore }: ContainerPlanInput): Step[] {
  const join = (flag: number, process: HostProcess | undefined): Step[] =>
    process ? [{ step: 'join-namespace', flag, pid: process.pid, startTime: process.startTime }] : [];
  return [
    ...cgroup.joinFiles.map((file): Step => ({ step: 'join-cgroup', file })),
    ...oomScoreStep(oomScore),
    ...join(cloneFlag.ipc, shared.ipc),
    ...join(cloneFlag.network, shared.network),
    ...joinPath(spec.namespaces.network),
    ...(spec.namespaces.cgroup.kind === 'private'
      ? [{ step: 'unshare', flags: cloneFlag.cgroup } as const]
      : []),
    // First slave, so that nothing done here reaches the host; then private, so that nothing of the host comes in.
    { step: 'propagation', flags: ms.SLAVE | ms.REC },
  ];
}

function joinPath(network: Share): Step[] {
  return network.kind === 'path' ? [{ step: 'join-path', flag: cloneFlag.network, path: network.path }] : [];
}

function rootSteps({ spec, mountPoint, overlay }: ContainerPlanInput): Step[] {
  return overlay === null
    ? [{ step: 'root-bind', at: mountPoint, source: spec.rootfs.directory }]
    : [{ step: 'root-overlay', at: mountPoint, options: overlay }];
}

function identitySteps({ spec, hostname }: ContainerPlanInput): Step[] {
  const ownUts = spec.namespaces.uts.kind === 'private';
  return [
    ...(ownUts ? [{ step: 'hostname', name: hostname } as const] : []),
    ...(ownUts && spec.domainname ? [{ step: 'domainname', name: spec.domainname } as const] : []),
    ...(spec.namespaces.network.kind === 'private' ? [{ step: 'loopback' } as const] : []),
    ...Object.entries(spec.sysctls).map(
      ([name, value]): Step => ({ step: 'sysctl', path: name.replaceAll('.', '/'), value }),
    ),
  ];
}
