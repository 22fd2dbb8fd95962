import { windowBytes } from '../../../../common/shim/protocol.ts';
import type { DeviceNode } from '../../../kernel/devices/nodes.ts';
import { sysctlPath } from '../../../kernel/network/sysctls.ts';
import {
  cloneFlag,
  type Launch,
  type LaunchSettings,
  mountAttr,
  ms,
  type Step,
  type StepOf,
} from '../../../kernel/plan/steps.ts';
import type { HostProcess } from '../../../kernel/process/host-process.ts';
import { wholeGroupRange } from '../../../kernel/users/id-maps.ts';
import type { ProcessSpec } from '../../process/spec.ts';
import type { HiddenPaths } from '../model/hidden-paths.ts';
import { type ContainerSpec, commandOf, rootMode } from '../model/spec.ts';
import { cgroupMounts } from './cgroup-mounts.ts';
import { deviceSteps } from './devices.ts';
import { appendedTargets, type HostFiles } from './host-files.ts';
import { HeldMaps, hasGroup, type UserNamespace } from './id-maps.ts';
import {
  type MountBelow,
  namespaceFlags,
  type PlannedMount,
  type SharedProcesses,
  sharedMounts,
  standardMounts,
  ttyGid,
  userMounts,
} from './mounts.ts';
import { inOneFolder, type OverlayLayers, overlayOptions } from './overlay.ts';
import { overlayMounts } from './overlay-mounts.ts';
import { type Credentials, environment, hostProcStep, oomScoreStep, processSteps } from './process.ts';
import { uidOf } from './user.ts';
import { inBareUserNamespace, inUserNamespace } from './user-namespace.ts';
import { type VolumeStep, volumeMounts } from './volumes.ts';

/** What may be added to the files of /etc. */
const spareFileBytes = 1 << 20;
/** The largest page of the kernels that Liker runs on. */
const pageSize = 64 << 10;

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
  /** Null: the host's. */
  readonly userNamespace: UserNamespace;
  /** The layers of the root, if it is an overlay. */
  readonly overlay: OverlayLayers;
  /** The mounts of the spec. */
  readonly mounts: readonly PlannedMount[];
  /** The host's mounts below the root's directory, parents first, if the root is not an overlay. */
  readonly mountsBelow: readonly MountBelow[];
  readonly files: HostFiles;
  /** What the secrets of the spec hold, in its order. */
  readonly secrets: readonly Uint8Array[];
  /** Folder of the host that the files' own file system is mounted on, in the container's own mount namespace. */
  readonly fileStore: string;
  readonly cgroup: CgroupTarget;
  /** What it sees of its control groups, by hierarchy. */
  readonly cgroupPaths: Readonly<Record<string, string>>;
  /** The hierarchies of these that it may write to. */
  readonly writableCgroups: readonly string[];
  readonly credentials: Credentials;
  readonly hidden: HiddenPaths;
  /** The greatest group of likerd's own user namespace, which nobody has. */
  readonly ownLastGroup: number;
  /** Of a network namespace of its own, unless the spec has others. */
  readonly networkSysctls: Readonly<Record<string, string>>;
  /** Beside the standard ones. */
  readonly devices: readonly DeviceNode[];
  /** oom_score_adj to set; null leaves it. */
  readonly oomScore: number | null;
  readonly shared: SharedProcesses;
  /** Kinds of namespaces that the container does not make and that do not belong to its user namespace either. */
  readonly foreign: ReadonlySet<'network' | 'ipc' | 'pid'>;
  /** False: likerd itself has no rights in foreign namespaces either. */
  readonly isRootOnHost: boolean;
  /** Connects it to networks, and brings up its loopback; null: it is connected to none. */
  readonly connect: StepOf<'connect'> | null;
  /** A program connects the network namespace. */
  readonly connected: boolean;
  /** A client waits for the output from the first byte. */
  readonly attended: boolean;
}

/** The mounts of a spec, by how they are made. */
export function plannedMounts(
  input: Pick<ContainerPlanInput, 'userNamespace' | 'mounts' | 'mountPoint' | 'overlay'>,
) {
  const held = new HeldMaps(
    input.userNamespace,
    input.mounts.flatMap((mount) => (mount.type === 'tmpfs' ? [] : [mount.map])),
  );
  const shared = sharedMounts(input.mounts, held);
  const volumes = volumeMounts(
    input.mounts.filter((mount) => mount.type === 'volume'),
    held,
    held.steps.length + shared.take.length,
  );
  const overlays = overlayMounts(
    input.mounts.filter((mount) => mount.type === 'overlay'),
    held,
    {
      first: held.steps.length + shared.take.length + volumes.take.length,
      mountPoint: input.mountPoint,
      userXattr: input.overlay.userXattr,
    },
  );
  return { held, shared, volumes, overlays };
}

/** Compiles a container's start. Pure: the same input gives the same plan. */
export function containerPlan(input: ContainerPlanInput): Launch {
  const { spec, userNamespace } = input;
  const { held, shared, volumes, overlays } = plannedMounts(input);
  const readOnly = spec.readOnly || rootMode(spec.rootfs) === 'ro';
  const given = givenMounts(input, held, { placed: [...volumes.place, ...overlays.place], readOnly });
  const inRoot: Step[] = [
    ...volumes.fill,
    ...standardMounts(input),
    cgroupMounts(input.cgroupPaths, input.writableCgroups),
    ...deviceSteps(input.devices, input.isRootOnHost),
    ...given,
    ...terminalStep(spec.process, input.credentials, userNamespace, true),
    ...identitySteps(input, given),
    { step: 'pivot' },
    ...input.hidden.masked.map((target): Step => ({ step: 'mask', target })),
    ...input.hidden.readOnly.map((target): Step => ({ step: 'read-only', target })),
    ...shared.attach,
    // The working directory is made while that is possible.
    ...(readOnly ? [{ step: 'directory', target: spec.process.cwd, mode: 0o755 } as const] : []),
    ...(readOnly ? [{ step: 'root-read-only' } as const] : []),
  ];
  const steps: Step[] = [
    ...namespaceSteps(input, held),
    ...shared.take,
    ...volumes.take,
    ...overlays.take,
    // First slave, so that nothing done here reaches the host; then private, so that nothing of the host comes in.
    { step: 'propagation', flags: ms.SLAVE | ms.REC },
    rootStep(input, readOnly, inRoot),
    ...inRoot,
    ...(input.connected ? [{ step: 'await-network' } as const] : []),
    ...processSteps({ ...spec.process, args: commandOf(spec) }, input.credentials, {
      env: environment(spec.process, { user: input.credentials.user, hostname: input.hostname }),
      makeCwd: true,
      init: hasInit(spec),
    }),
  ];
  return {
    settings: {
      ...launchSettings(spec.process, input.cgroup, input.attended),
      // The cgroup namespace is a step: it comes after joining.
      cloneFlags:
        (namespaceFlags(spec.namespaces, ({ kind }) => kind === 'private') & ~cloneFlag.cgroup) |
        (userNamespace?.kind === 'own' ? cloneFlag.user : 0),
      joinPid: input.shared.pid ?? null,
    },
    steps: entered(steps, input, held),
  };
}

/** What the steps in a user namespace are made from. */
export type EnteredInput = Pick<
  ContainerPlanInput,
  'userNamespace' | 'isRootOnHost' | 'mountPoint' | 'overlay' | 'mountsBelow' | 'foreign'
>;

/** The steps, in the container's user namespace from where it is entered. */
export function entered(steps: readonly Step[], input: EnteredInput, held: HeldMaps): readonly Step[] {
  const { userNamespace, isRootOnHost } = input;
  if (userNamespace === null) return steps;
  if (!isRootOnHost) return inBareUserNamespace(steps, { userNamespace, held });
  return inUserNamespace(steps, { ...input, userNamespace, held, foreign: foreignFiles(input) });
}

/** Only who has rights in a namespace may mount the file system that shows it. */
function foreignFiles({ foreign }: EnteredInput): Set<string> {
  const types = { pid: 'proc', network: 'sysfs', ipc: 'mqueue' };
  return new Set([...foreign].map((kind) => types[kind]));
}

/** The mounts beside the standard file systems, parents first: so the files of /etc are visible whatever is mounted at /etc. */
function givenMounts(
  { spec, mounts: given, files, secrets, fileStore, shared }: ContainerPlanInput,
  held: HeldMaps,
  { placed, readOnly }: { readonly placed: readonly VolumeStep[]; readonly readOnly: boolean },
): Step[] {
  const attributes = readOnly ? mountAttr.RDONLY : 0;
  const { network } = shared;
  const contents = Object.entries(files.own);
  const bytes = [
    ...contents.map(([, content]) => Buffer.byteLength(content)),
    ...secrets.map(pageBytes),
  ].reduce((sum, size) => sum + size, 0);
  const store: Step[] =
    bytes > 0 || secrets.length > 0
      ? [{ step: 'file-store', at: fileStore, size: String(bytes + spareFileBytes) }]
      : [];
  const mounts: { readonly at: string; readonly step: Step }[] = [
    ...contents.map(([at, content]) => ({
      at,
      step: { step: 'file', target: at, content, attributes } as const,
    })),
    ...(network
      ? files.ofNetwork.map((at) => ({
          at,
          step: { step: 'bind-of', ...network, path: at, attributes, optional: true } as const,
        }))
      : []),
    ...spec.secrets.map(({ target, mode, uid, gid }, index) => ({
      at: target,
      step: { step: 'secret', target, content: secrets[index] ?? new Uint8Array(), mode, uid, gid } as const,
    })),
    ...[...userMounts(given, held), ...placed].map((step) => ({ at: step.target, step })),
  ];
  return [...store, ...mounts.sort((a, b) => depth(a.at) - depth(b.at)).map(({ step }) => step)];
}

/** A tmpfs takes whole pages. */
function pageBytes({ length }: Uint8Array): number {
  return Math.ceil(length / pageSize) * pageSize;
}

/** The init is pid 1, so it needs a pid namespace of its own. */
export function hasInit(spec: ContainerSpec): boolean {
  return spec.init && spec.namespaces.pid.kind === 'private';
}

export function depth(path: string): number {
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

export function terminalStep(
  spec: ProcessSpec,
  { user }: Credentials,
  userNamespace: UserNamespace,
  console: boolean,
): Step[] {
  const gid = hasGroup(userNamespace, ttyGid) ? ttyGid : 0;
  return spec.tty ? [{ step: 'terminal', console, uid: uidOf(user), gid }] : [];
}

function namespaceSteps(
  { spec, cgroup, credentials, shared, oomScore }: ContainerPlanInput,
  held: HeldMaps,
): Step[] {
  const { network } = spec.namespaces;
  const join = (flag: number, process: HostProcess | undefined): Step[] =>
    process ? [{ step: 'join-namespace', flag, pid: process.pid, startTime: process.startTime }] : [];
  return [
    ...cgroup.joinFiles.map((file): Step => ({ step: 'join-cgroup', file })),
    ...oomScoreStep(oomScore),
    ...hostProcStep(credentials),
    ...join(cloneFlag.ipc, shared.ipc),
    ...join(cloneFlag.network, shared.network),
    ...(network.kind === 'path'
      ? [{ step: 'join-path', flag: cloneFlag.network, path: network.path } as const]
      : []),
    ...held.steps,
    ...(spec.namespaces.cgroup.kind === 'private'
      ? [{ step: 'unshare', flags: cloneFlag.cgroup } as const]
      : []),
  ];
}

export function rootStep(
  {
    spec,
    mountPoint,
    overlay,
    mountsBelow,
  }: Pick<ContainerPlanInput, 'spec' | 'mountPoint' | 'overlay' | 'mountsBelow'>,
  readOnly: boolean,
  inRoot: readonly Step[],
): Step {
  const { rootfs } = spec;
  if (rootfs.kind === 'image' || rootfs.mode === 'overlay') {
    const { folders, names } = inOneFolder(overlay.lowers);
    return { step: 'root-overlay', at: mountPoint, ...overlay, lowers: folders, names };
  }
  return {
    step: 'root-bind',
    at: mountPoint,
    source: rootfs.directory,
    readOnly,
    ...(readOnly
      ? {
          overlay: overlayOptions(overlay),
          needs: neededTargets(inRoot),
          below: mountsBelow.map(({ path }) => path),
        }
      : { overlay: '', needs: [], below: [] }),
  };
}

/** Paths that the steps need in the root, except below their own mounts. */
function neededTargets(steps: readonly Step[]): string[] {
  const targets = steps.flatMap((step) => {
    switch (step.step) {
      case 'mount':
      case 'bind':
      case 'cgroups':
      case 'file':
      case 'directory':
      case 'place':
      case 'secret':
        return [step.target];
      case 'bind-of':
        return [step.path];
      case 'proc-of':
        return ['/proc'];
      case 'attach':
        return step.trees.map(([, target]) => target);
      default:
        return [];
    }
  });
  return [...new Set(targets)].filter((target) => !targets.some((other) => target.startsWith(`${other}/`)));
}

/** Where the files with these targets are in the file store. */
function fileNumbers(steps: readonly Step[], targets: readonly string[]): number[] {
  const stored = steps.filter((step) => step.step === 'file' || step.step === 'secret');
  return targets.map((target) => stored.findIndex((step) => step.target === target));
}

/** Groups that may ping. Those of a user namespace must exist in it. */
const pingGroups = 'net.ipv4.ping_group_range';

function identitySteps(
  { spec, hostname, networkSysctls, userNamespace, connect }: ContainerPlanInput,
  given: readonly Step[],
): Step[] {
  const ownUts = spec.namespaces.uts.kind === 'private';
  const ownNetwork = spec.namespaces.network.kind === 'private';
  const sysctls = {
    ...(ownNetwork && networkSysctls),
    ...(ownNetwork && userNamespace && pingGroups in networkSysctls
      ? { [pingGroups]: wholeGroupRange(userNamespace.maps) }
      : {}),
    ...spec.sysctls,
  };
  return [
    ...(ownUts ? [{ step: 'hostname', name: hostname } as const] : []),
    ...(ownUts && spec.domainname ? [{ step: 'domainname', name: spec.domainname } as const] : []),
    ...(ownNetwork ? [connect ?? ({ step: 'loopback' } as const)] : []),
    ...(spec.cni.length > 0
      ? [{ step: 'await-daemon', files: fileNumbers(given, appendedTargets(spec)) } as const]
      : []),
    ...Object.entries(sysctls).map(
      ([name, value]): Step => ({ step: 'sysctl', path: sysctlPath(name), value }),
    ),
  ];
}
