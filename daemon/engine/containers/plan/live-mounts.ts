import { mountAttr, type Step, type StepOf } from '../../../kernel/plan/steps.ts';
import type { HostProcess } from '../../../kernel/process/host-process.ts';
import type { IdMaps } from '../../../kernel/users/id-maps.ts';
import { HeldMaps, innerRoot } from './id-maps.ts';
import { mountTrees, type PlannedMount } from './mounts.ts';
import { overlayMounts } from './overlay-mounts.ts';
import { volumeMounts } from './volumes.ts';

/** A container that runs. */
export interface LiveContainer {
  readonly main: HostProcess;
  /** Of its user namespace; null: it has the host's. */
  readonly maps: IdMaps | null;
  /** A folder of the host that mounts may be stacked on, out of sight. */
  readonly mountPoint: string;
  /** As in OverlayLayers. */
  readonly userXattr: boolean;
}

/** How a mount is made in a container that runs: as a tree, with the rights of likerd, which is put into place from inside. */
export function addMountSteps(mount: PlannedMount, live: LiveContainer): Step[] {
  const { main, maps } = live;
  const held = new HeldMaps(
    maps === null ? null : { kind: 'join', process: main, maps },
    mount.type === 'tmpfs' ? [] : [mount.map],
  );
  const { outside, inside } = stepsOf(mount, held, live);
  return [{ step: 'host-proc' }, ...held.steps, ...outside, entering(live), ...inside];
}

export function removeMountSteps(
  target: string,
  lazy: boolean,
  live: Pick<LiveContainer, 'main' | 'maps'>,
): Step[] {
  return [{ step: 'host-proc' }, entering(live), { step: 'remove-mount', target, lazy }];
}

/** Gives files of /etc another content. */
export function rewriteSteps(
  files: Readonly<Record<string, string>>,
  live: Pick<LiveContainer, 'main' | 'maps'>,
): Step[] {
  return [
    { step: 'host-proc' },
    entering(live),
    ...Object.entries(files).map(([target, content]): Step => ({ step: 'rewrite-file', target, content })),
  ];
}

function entering({ main, maps }: Pick<LiveContainer, 'main' | 'maps'>): Step {
  return { step: 'enter-container', ...main, user: maps !== null };
}

function stepsOf(
  mount: PlannedMount,
  held: HeldMaps,
  { maps, mountPoint, userXattr }: LiveContainer,
): { readonly outside: readonly Step[]; readonly inside: readonly Step[] } {
  const first = held.steps.length;
  const { target } = mount;
  switch (mount.type) {
    case 'volume': {
      const { take, fill } = volumeMounts([mount], held, first);
      const attributes = mount.readOnly ? mountAttr.RDONLY : 0;
      return { outside: take, inside: [...fill, add(first, target, { attributes })] };
    }
    case 'overlay': {
      const { take } = overlayMounts([mount], held, { first, mountPoint, userXattr });
      const root = maps === null ? {} : innerRoot(maps);
      const outside = take.map((step) => (step.step === 'take-overlay' ? { ...step, ...root } : step));
      return { outside, inside: [add(first + take.length - 1, target)] };
    }
    default: {
      const trees = mountTrees(mount, held);
      const adds = trees.map(({ at, optional }, index) => add(first + index, at, { optional }));
      const takes = trees.map(({ take }) => take);
      // A tmpfs belongs to the user namespace in which it is made.
      return mount.type === 'tmpfs'
        ? { outside: [], inside: [...takes, ...adds] }
        : { outside: takes, inside: adds };
    }
  }
}

function add(tree: number, target: string, { attributes = 0, optional = false } = {}): StepOf<'add-mount'> {
  return { step: 'add-mount', tree, target, attributes, optional };
}
