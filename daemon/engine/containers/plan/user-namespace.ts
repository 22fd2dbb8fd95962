import { mountAttr, ms, notHeld, type Step, type StepOf } from '../../../kernel/plan/steps.ts';
import { type IdMaps, toOutside } from '../../../kernel/users/id-maps.ts';
import { type HeldMaps, innerRoot, type UserNamespace } from './id-maps.ts';
import type { MountBelow } from './mounts.ts';
import { inOneFolder, type OverlayLayers } from './overlay.ts';

/** What is needed to carry out a plan in a user namespace. */
export interface Entered {
  readonly userNamespace: NonNullable<UserNamespace>;
  readonly held: HeldMaps;
  /** Where the root is mounted. */
  readonly mountPoint: string;
  readonly overlay: OverlayLayers;
  readonly mountsBelow: readonly MountBelow[];
  /** File systems of namespaces that do not belong to the user namespace, so that it may not mount them: proc, sysfs, mqueue. */
  readonly foreign: ReadonlySet<string>;
}

type Ids = Pick<StepOf<'device'>, 'uid' | 'gid'>;

/**
 * The same plan for a process in a user namespace: what needs the rights of the host's root, or names a file of the host that root
 * inside could not reach, comes first, before the namespace is entered. Mounts are made or cloned there, and put into place where the
 * plan would have made them.
 */
export function inUserNamespace(steps: readonly Step[], entered: Entered): Step[] {
  const { userNamespace, held } = entered;
  const leading: Step[] = [];
  const taken: Step[] = [];
  const inside: Step[] = [];
  const take: Take = (step) => held.steps.length + taken.push(step) - 1;
  for (const step of steps) {
    if (isLeading(step)) leading.push(step);
    else inside.push(...rewritten(step, steps, entered, take));
  }
  return [
    ...leading,
    ...raisedLimits(steps),
    { step: 'chdir', path: entered.mountPoint },
    ...held.steps,
    ...taken,
    { step: 'stream-owner', ...innerRoot(userNamespace.maps) },
    { step: 'enter-user', namespace: held.container },
    ...inside,
  ];
}

/** Only the host's root may raise a hard limit. */
export function raisedLimits(steps: readonly Step[]): Step[] {
  const limits = steps.filter((step) => step.step === 'rlimit');
  return limits.map(({ resource, hard }): Step => ({ step: 'raise-limit', resource, hard }));
}

/**
 * The same plan, where likerd is not root on the host and can idmap nothing: root inside makes all mounts by himself, of files whose
 * owners are as likerd sees them.
 */
export function inBareUserNamespace(
  steps: readonly Step[],
  { userNamespace, held }: Pick<Entered, 'userNamespace' | 'held'>,
): Step[] {
  const inside = steps.filter((step) => !isLeading(step) && !['id-map', 'join-user'].includes(step.step));
  return [
    ...steps.filter(isLeading),
    ...held.steps,
    { step: 'stream-owner', ...innerRoot(userNamespace.maps) },
    { step: 'enter-user', namespace: held.container },
    ...inside,
  ];
}

/** Takes a tree with the rights of the host's root, and returns its number. */
type Take = (step: Step) => number;

function isLeading({ step }: Step): boolean {
  return ['join-cgroup', 'oom-score', 'host-proc', 'join-namespace', 'join-path'].includes(step);
}

/** What is left of a step inside. */
function rewritten(step: Step, all: readonly Step[], entered: Entered, take: Take): Step[] {
  const place = (made: Step, target: string, optional = false): Step[] => [
    { step: 'place', tree: take(made), target, optional },
  ];
  switch (step.step) {
    case 'id-map':
    case 'join-user':
    // Below the root, and before it (rootSteps).
    case 'file-store':
      return [];
    case 'take':
    case 'take-below':
      take(step);
      return [];
    case 'take-overlay':
      take({ ...step, ...innerRoot(entered.userNamespace.maps) });
      return [];
    case 'root-overlay':
    case 'root-bind':
      return rootSteps(step, all, entered, take);
    case 'bind': {
      const { target, create: _, ...how } = step;
      return place({ ...how, step: 'take' }, target, step.optional);
    }
    case 'bind-of':
      return place({ ...step, step: 'take-of' }, step.path, step.optional);
    case 'proc-of':
      return place({ ...step, step: 'take-proc-of' }, '/proc');
    case 'device':
      return outsideDev(step)
        ? [{ step: 'place-device', name: nameInDev(step, all), target: step.target }]
        : [];
    case 'mount': {
      const { target, create: _, ...how } = step;
      if (target === '/dev') return place(takeDevices(step, all, entered), target);
      if (!entered.foreign.has(step.type)) return [step];
      return place({ ...how, step: 'take-mount' }, target, step.optional);
    }
    default:
      return [step];
  }
}

/** The layers of the root, or its folder with what is mounted below it, as idmapped mounts. */
function rootSteps(
  step: StepOf<'root-overlay'> | StepOf<'root-bind'>,
  all: readonly Step[],
  { userNamespace, held, mountPoint, overlay, mountsBelow }: Entered,
  take: Take,
): Step[] {
  const takeFolder = (source: string, attributes: number, map: number, optional = false): number =>
    take({
      step: 'take',
      source,
      recursive: false,
      attributes,
      topOnly: false,
      propagation: ms.SLAVE,
      map,
      optional,
    });
  const takeOverlay = (
    lowers: readonly number[],
    folder: string,
    { needs = [], names = [] }: { readonly needs?: readonly string[]; readonly names?: readonly string[] },
  ): number =>
    take({
      step: 'take-overlay',
      at: mountPoint,
      lowers,
      names,
      layer: takeFolder(overlay.layer, 0, held.container),
      volatile: overlay.volatile,
      ...innerRoot(userNamespace.maps),
      ...{ userXattr: false, attributes: 0, below: '' },
      folder,
      needs,
    });
  const store = all.filter(({ step }) => step === 'file-store').map((step) => ({ ...step, at: '' }));
  if (step.step === 'root-overlay') {
    const { folders, names } = inOneFolder(overlay.lowers);
    const lowers = folders.map((folder) => takeFolder(folder, 0, held.container));
    return [...store, { step: 'place-root', tree: takeOverlay(lowers, '', { names }) }];
  }
  const attributes = step.readOnly ? mountAttr.RDONLY : 0;
  const folder = takeFolder(step.source, attributes, held.container);
  const tree = step.readOnly ? takeOverlay([folder], step.source, { needs: step.needs }) : folder;
  const below = mountsBelow.map(({ path, mappable }): Step => {
    const map = mappable ? held.container : notHeld;
    const tree = takeFolder(`${step.source}${path}`, attributes, map, true);
    return { step: 'place', tree, target: path, optional: true };
  });
  return [...store, { step: 'place-root', tree }, ...below];
}

function outsideDev({ target }: StepOf<'device'>): boolean {
  return !target.startsWith('/dev/');
}

/** A node outside /dev is made in it, too, and moved from there: it cannot be made inside. */
function nameInDev(device: StepOf<'device'>, all: readonly Step[]): string {
  return outsideDev(device) ? `.liker.${all.indexOf(device)}` : device.target.slice('/dev/'.length);
}

function takeDevices(dev: StepOf<'mount'>, all: readonly Step[], { userNamespace }: Entered): Step {
  const devices = all.filter((step) => step.step === 'device');
  return {
    step: 'take-devices',
    ...innerRoot(userNamespace.maps),
    size: dev.options.find(([key]) => key === 'size')?.[1] ?? '',
    nodes: devices.map((device) => {
      const { step: _, target: _t, ...node } = device;
      return { name: nameInDev(device, all), ...node, ...ownerOutside(userNamespace.maps, node) };
    }),
  };
}

/** Root inside, where the container has no such id. */
function ownerOutside(maps: IdMaps, { uid, gid }: Ids): Ids {
  const root = innerRoot(maps);
  return { uid: toOutside(maps.uids, uid) ?? root.uid, gid: toOutside(maps.gids, gid) ?? root.gid };
}
