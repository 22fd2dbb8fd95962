import { cloneFlag, mountAttr, ms, notHeld, type Step, type StepOf } from '../../../kernel/plan/steps.ts';
import type { HostProcess } from '../../../kernel/process/host-process.ts';
import { lastGroup } from '../../../kernel/users/id-maps.ts';
import {
  type ContainerSpec,
  isShared,
  type Mount,
  type Namespaces,
  type Propagation,
  type Share,
} from '../model/spec.ts';
import { type HeldMaps, hasGroup, type MountMap, type UserNamespace } from './id-maps.ts';
import type { PlannedOverlay } from './overlay-mounts.ts';
import { applyTmpfsOptions } from './tmpfs-options.ts';
import type { PlannedVolume } from './volumes.ts';

const { RDONLY, NOSUID, NODEV, NOEXEC } = mountAttr;

type MountStep = StepOf<'mount'>;
type BindStep = StepOf<'bind'>;
/** A step that makes its target where it is missing. */
export type Targeted = MountStep | BindStep | StepOf<'file'>;

function mountStep(values: Pick<MountStep, 'type' | 'target'> & Partial<MountStep>): MountStep {
  return {
    step: 'mount',
    source: values.type,
    attributes: 0,
    options: [],
    create: 'directory',
    optional: false,
    ...values,
  };
}

/** A mount below a folder of the host. */
export interface MountBelow {
  /** In the folder, beginning with a slash. */
  readonly path: string;
  /** Whether it can be idmapped. */
  readonly mappable: boolean;
}

/** A bind of the user's. */
export type PlannedBind = Extract<Mount, { type: 'bind' }> & {
  /** Whose ids the owners of its files are. */
  readonly map: MountMap;
  /** The mounts below its source, parents first, if it is idmapped with them. */
  readonly below: readonly MountBelow[];
};
export type PlannedMount = PlannedBind | PlannedVolume | PlannedOverlay | Extract<Mount, { type: 'tmpfs' }>;

export function bindStep(values: Pick<BindStep, 'source' | 'target'> & Partial<BindStep>): BindStep {
  return {
    step: 'bind',
    recursive: true,
    attributes: 0,
    topOnly: false,
    propagation: ms.PRIVATE | ms.REC,
    map: notHeld,
    create: 'file',
    optional: false,
    ...values,
  };
}

/** First processes of the containers whose namespaces are shared. */
export type SharedProcesses = Readonly<Partial<Record<'pid' | 'ipc' | 'network', HostProcess>>>;

/** Group tty, in every distribution. */
export const ttyGid = 5;

/** The standard file systems of the OCI specification (config-linux.md, "Default Filesystems"). */
export function standardMounts({
  spec,
  shared,
  userNamespace,
  foreign,
  isRootOnHost,
  ownLastGroup,
}: {
  readonly spec: ContainerSpec;
  readonly shared: SharedProcesses;
  readonly userNamespace: UserNamespace;
  /** As in ContainerPlanInput. */
  readonly foreign: ReadonlySet<string>;
  readonly isRootOnHost: boolean;
  readonly ownLastGroup: number;
}): Step[] {
  const group = userNamespace === null ? ownLastGroup : lastGroup(userNamespace.maps);
  const guarded = NOSUID | NOEXEC | NODEV;
  /** A file system of a namespace. Whoever has no rights in that can only show what likerd sees of it. */
  const mountOf = (kind: string, values: Parameters<typeof mountStep>[0]): Step => {
    if (isRootOnHost || !foreign.has(kind)) return mountStep(values);
    const { target, attributes = 0, optional = false } = values;
    return bindStep({ source: target, target, attributes, optional, create: 'directory' });
  };
  return [
    shared.pid
      ? { step: 'proc-of', ...shared.pid, attributes: guarded }
      : mountOf('pid', {
          type: 'proc',
          target: '/proc',
          attributes: guarded,
          options: procOptions(spec, group),
        }),
    mountStep({
      type: 'tmpfs',
      target: '/dev',
      attributes: NOSUID,
      options: [
        ['mode', '0755'],
        ['size', '64m'],
      ],
    }),
    mountStep({
      type: 'devpts',
      target: '/dev/pts',
      attributes: NOSUID | NOEXEC,
      options: [
        ['newinstance', null],
        ['ptmxmode', '0666'],
        ['mode', '0620'],
        ...(hasGroup(userNamespace, ttyGid) ? [['gid', String(ttyGid)] as const] : []),
      ],
    }),
    sharedMemory(spec, shared.ipc, guarded),
    mountOf('ipc', { type: 'mqueue', target: '/dev/mqueue', attributes: guarded, optional: true }),
    mountOf('network', {
      type: 'sysfs',
      target: '/sys',
      attributes: guarded | (spec.process.privileged ? 0 : RDONLY),
    }),
  ];
}

/** hidepid spares the members of one group, by default 0, which is also that of a user without a line in /etc/passwd. */
function procOptions({ procOptions: given }: ContainerSpec, nobody: number): (readonly [string, string])[] {
  const options = given.map((option) => {
    const [name = '', value = ''] = option.split('=');
    return [name, value] as const;
  });
  const names = options.map(([name]) => name);
  return names.includes('hidepid') && !names.includes('gid')
    ? [...options, ['gid', String(nobody)]]
    : options;
}

/** Belongs to the IPC namespace: containers that share one also share the memory of shm_open(3). */
function sharedMemory(spec: ContainerSpec, ipcOf: HostProcess | undefined, attributes: number): Step {
  const target = '/dev/shm';
  if (ipcOf) return { step: 'bind-of', ...ipcOf, path: target, attributes, optional: false };
  if (spec.namespaces.ipc.kind === 'host')
    return bindStep({ source: target, target, attributes, create: 'directory' });
  return mountStep({
    type: 'tmpfs',
    source: 'shm',
    target,
    attributes,
    options: [
      ['mode', '1777'],
      ['size', String(spec.shmSizeBytes)],
    ],
  });
}

const propagationFlags: Readonly<Record<Propagation, number>> = {
  private: ms.PRIVATE,
  rprivate: ms.PRIVATE | ms.REC,
  shared: ms.SHARED,
  rshared: ms.SHARED | ms.REC,
  slave: ms.SLAVE,
  rslave: ms.SLAVE | ms.REC,
  unbindable: ms.UNBINDABLE,
  runbindable: ms.UNBINDABLE | ms.REC,
};

/** The user's mounts, except volumes, overlays and those that are shared with the host. */
export function userMounts(mounts: readonly PlannedMount[], held: HeldMaps): Targeted[] {
  return mounts.flatMap((mount): Targeted[] => {
    if (mount.type === 'tmpfs') return [tmpfsMount(mount.target, mount.options, mount.readOnly ? RDONLY : 0)];
    return mount.type !== 'bind' || isShared(mount) ? [] : userBinds(mount, held);
  });
}

/** A tree of mounts that is held, and where it goes. */
export interface MountTree {
  readonly take: StepOf<'take'> | StepOf<'take-mount'>;
  readonly at: string;
  readonly optional: boolean;
}

/** The trees of a tmpfs, or of a bind, whether it is shared with the host or not. */
export function mountTrees(
  mount: PlannedBind | Extract<PlannedMount, { type: 'tmpfs' }>,
  held: HeldMaps,
): MountTree[] {
  if (mount.type === 'tmpfs') {
    const step = tmpfsMount(mount.target, mount.options, mount.readOnly ? RDONLY : 0);
    const { target: at, create: _, ...how } = step;
    return [{ take: { ...how, step: 'take-mount' }, at, optional: false }];
  }
  return userBinds(mount, held).map(({ target: at, create: _, ...how }) => ({
    take: { ...how, step: 'take' },
    at,
    optional: how.optional,
  }));
}

/** The kernel maps a tree as a whole or not at all: where a part cannot be mapped, each mount is bound by itself. */
function userBinds(mount: PlannedBind, held: HeldMaps): BindStep[] {
  const { target, below } = mount;
  const how = clone(mount, held);
  const top = bindStep({ ...how, target, create: 'directory' });
  if (below.every(({ mappable }) => mappable)) return [top];
  const attributes = mount.readOnlyNonRecursive ? 0 : how.attributes;
  return [
    { ...top, recursive: false },
    ...below.map(({ path, mappable }) => ({
      ...top,
      recursive: false,
      source: `${mount.source}${path}`,
      target: `${target}${path}`,
      attributes,
      map: mappable ? how.map : notHeld,
      optional: true,
    })),
  ];
}

/** Those that are shared: how each is cloned, before all other mounts, and how all are put into place, after them. */
export function sharedMounts(
  mounts: readonly PlannedMount[],
  held: HeldMaps,
): { take: Step[]; attach: Step[] } {
  const shared = mounts.filter((mount) => mount.type === 'bind').filter(isShared);
  const trees = shared.map(({ target }, index) => [held.steps.length + index, target] as const);
  return {
    take: shared.map((mount) => ({ step: 'take', ...clone(mount, held), optional: false })),
    attach: shared.length > 0 ? [{ step: 'attach', trees }] : [],
  };
}

function clone(mount: PlannedBind, held: HeldMaps) {
  return {
    source: mount.source,
    recursive: mount.recursive,
    attributes: mount.readOnly ? RDONLY : 0,
    topOnly: mount.readOnlyNonRecursive,
    propagation: propagationFlags[mount.propagation],
    map: held.numberOf(mount.map),
  };
}

/** A tmpfs with Docker's defaults (nosuid, nodev, noexec, mode 1777) under the options that were asked for. */
function tmpfsMount(target: string, words: readonly string[], attributes: number): MountStep {
  const asked = applyTmpfsOptions(words, NOSUID | NODEV | NOEXEC);
  const options = new Map<string, string | null>([['mode', '1777'], ...asked.options]);
  return mountStep({
    type: 'tmpfs',
    target,
    attributes: asked.attributes | attributes,
    options: [...options],
  });
}

/** Clone flags of the mount namespace, which every container has of its own, and of those that `has` selects. */
export function namespaceFlags(namespaces: Namespaces, has: (share: Share) => boolean): number {
  const kinds = (['pid', 'ipc', 'uts', 'cgroup', 'network'] as const).filter((kind) => has(namespaces[kind]));
  return kinds.reduce((flags, kind) => flags | cloneFlag[kind], cloneFlag.mount as number);
}
