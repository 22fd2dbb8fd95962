import { cloneFlag, type Launch, ms, type Step } from '../../../kernel/plan/steps.ts';
import { rootMode } from '../model/spec.ts';
import { type ContainerPlanInput, depth, entered, plannedMounts, rootStep } from './container.ts';
import { userMounts } from './mounts.ts';

export type HoldPlanInput = Pick<
  ContainerPlanInput,
  'spec' | 'mountPoint' | 'userNamespace' | 'overlay' | 'mounts' | 'mountsBelow' | 'isRootOnHost'
>;

/**
 * Compiles what shows the files of a container that does not run: its root, and the mounts of its spec, as the next start makes them; and a
 * process that does nothing. A tmpfs is empty and read-only, since what is written there would be lost.
 */
export function holdPlan(input: HoldPlanInput): Launch {
  const { spec, userNamespace } = input;
  const mounts = input.mounts.map((mount) => (mount.type === 'tmpfs' ? { ...mount, readOnly: true } : mount));
  const { held, shared, volumes, overlays } = plannedMounts(input);
  const readOnly = spec.readOnly || rootMode(spec.rootfs) === 'ro';
  const inRoot: Step[] = [
    ...volumes.fill,
    ...[...userMounts(mounts, held), ...volumes.place, ...overlays.place].sort(
      (a, b) => depth(a.target) - depth(b.target),
    ),
    { step: 'pivot' },
    ...shared.attach,
    ...(readOnly ? [{ step: 'root-read-only' } as const] : []),
  ];
  const steps: Step[] = [
    ...held.steps,
    ...shared.take,
    ...volumes.take,
    ...overlays.take,
    { step: 'propagation', flags: ms.SLAVE | ms.REC },
    rootStep(input, readOnly, inRoot),
    ...inRoot,
    { step: 'hold' },
  ];
  return {
    settings: {
      cloneFlags: cloneFlag.mount | (userNamespace === null ? 0 : cloneFlag.user),
      cgroup2: '',
      tty: false,
      openStdin: false,
      columns: 0,
      rows: 0,
      xPixels: 0,
      yPixels: 0,
      joinMain: 0,
      joinPid: null,
      window: 0,
    },
    steps: entered(steps, { ...input, foreign: new Set() }, held),
  };
}
