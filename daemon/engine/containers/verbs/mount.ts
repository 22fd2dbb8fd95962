import { badArgument } from '../../../../common/errors.ts';
import { encodeSteps } from '../../../kernel/plan/encode.ts';
import type { HostProcess } from '../../../kernel/process/host-process.ts';
import type { StartFailure } from '../../../kernel/process/reports.ts';
import { type EngineContext, rootMountPoint } from '../../context.ts';
import type { RequestKey } from '../../journal/requests.ts';
import { inTurn } from '../life/turn.ts';
import type { Container } from '../model/container.ts';
import type { ContainerEvent } from '../model/container-event.ts';
import { hiddenPaths } from '../model/hidden-paths.ts';
import { livePhase } from '../model/phase.ts';
import { type ContainerSpec, type Mount, mountSource } from '../model/spec.ts';
import { addMountSteps } from '../plan/live-mounts.ts';
import { makeOverlay } from '../resources/overlays.ts';
import { writeRunRecord } from '../resources/run-record.ts';
import { checkMountSources } from '../rules/host-paths.ts';
import { checkMounts, checkPropagation, checkSecrets } from '../rules/mounts.ts';
import { makeMountSources } from './compile.ts';
import { mountError } from './mount-error.ts';
import { findMountImages } from './mount-images.ts';
import { bareBindWarning, planMounts, volumesToFill } from './plan-mounts.ts';
import { makeVolumes, named } from './volumes.ts';

/**
 * Adds a mount to a container: at once if it runs, and at each of its starts. If it cannot be made, the container is as before. Answers
 * warnings. Errors: BAD_ARGUMENT, IMAGE_NOT_FOUND, WRONG_STATE if something is mounted there.
 */
export function addMount(
  context: EngineContext,
  container: Container,
  asked: Mount,
  request: RequestKey | null = null,
): Promise<readonly string[]> {
  return inTurn(context, container, async () => {
    const { spec } = container;
    checkMounts([...spec.mounts, asked]);
    await checkMountSources({ mounts: [asked] });
    using found = await findMountImages(context, [asked]);
    const [mount = asked] = found.mounts.map(named);
    const next = { ...spec, mounts: [...spec.mounts, mount] };
    checkSecrets(next);
    checkPropagation(context, { mounts: [mount] });
    const live = livePhase(container.phase);
    if (live) checkVisible(context, spec, mount.target);
    const { bareBinds } = planOne(context, container, mount);
    using undo = new DisposableStack();
    for (const volume of makeVolumes(context, { ...spec, mounts: [mount] }, { mounts: [asked] }))
      undo.defer(() => context.volumes.remove(volume));
    const done = mountEvent('mount', mount);
    if (live) {
      const mounting = { verb: 'mount', target: mount.target } as const;
      context.ledger.decide(container, { spec: next, facts: { mounting }, request });
      await mountNow(context, container, mount, live.main).catch((error: unknown) => {
        context.ledger.change(container, { spec, facts: { mounting: null } });
        throw error;
      });
      context.ledger.change(container, { facts: { mounting: null } }, done);
      writeRunRecord(context, container);
    } else context.ledger.decide(container, { spec: next, request }, done);
    undo.move();
    return bareBinds.map(bareBindWarning);
  });
}

/** Makes a mount of the spec that an earlier likerd had begun to make. */
export async function finishMount(
  context: EngineContext,
  container: Container,
  target: string,
): Promise<void> {
  const { spec } = container;
  const mount = spec.mounts.find((one) => one.target === target);
  const live = livePhase(container.phase);
  try {
    if (mount && live) await mountNow(context, container, mount, live.main, { again: true });
    context.ledger.change(
      container,
      { facts: { mounting: null } },
      ...(mount ? [mountEvent('mount', mount)] : []),
    );
  } catch (error) {
    const mounts = spec.mounts.filter((one) => one !== mount);
    context.ledger.change(container, { spec: { ...spec, mounts }, facts: { mounting: null } });
    throw error;
  }
}

export function mountEvent(action: string, mount: Mount): ContainerEvent {
  const { type, target } = mount;
  return { action, attributes: { type, source: mountSource(mount), target } };
}

/** What a start hides would show again in a mount that is made later. */
function checkVisible(context: EngineContext, spec: ContainerSpec, target: string): void {
  const { masked, readOnly } = hiddenPaths(spec, context.security.defaultPaths);
  const hidden = [...masked, ...readOnly].find((path) => path === target || path.startsWith(`${target}/`));
  if (hidden === undefined) return;
  throw badArgument(
    'mount.target',
    `Cannot mount at '${target}' while the container runs: '${hidden}' is protected in it, and would not be in the new mount; stop the container first`,
  );
}

function planOne(context: EngineContext, { id, spec, facts }: Container, mount: Mount) {
  const { mounts, bareBinds } = planMounts(context, { id, spec: { ...spec, mounts: [mount] }, facts });
  return { planned: mounts[0], bareBinds };
}

/** To find files and mount them. */
const mountMs = 10_000;
/** With a volume that is filled. */
const fillMs = 3_600_000;

/** `again`: it may be there already. */
async function mountNow(
  context: EngineContext,
  container: Container,
  mount: Mount,
  main: HostProcess,
  { again = false } = {},
): Promise<void> {
  const { id, facts } = container;
  const mounts = [mount];
  makeMountSources({ mounts });
  if (!again) await makeOverlay(context, id, { mount, field: 'mount.source' });
  using filling = await context.volumes.reserveToFill(volumesToFill({ mounts }));
  const { planned } = planOne(context, container, mount);
  if (!planned) return;
  filling.begin();
  const steps = addMountSteps(planned, {
    main,
    maps: facts.userNamespace?.maps ?? null,
    mountPoint: rootMountPoint(context),
    userXattr: !context.users.isRootOnHost,
  });
  const isFilled = steps.some(({ step }) => step === 'fill');
  const failure = await context.processes.act(encodeSteps(steps), isFilled ? fillMs : mountMs);
  if (failure !== null && !(again && isThere(failure, mount))) {
    if (!again) context.folders.discardOverlay(id, mount.target);
    throw mountError(`mount '${mountSource(mount)}' at '${mount.target}' in`, container, failure);
  }
  filling.end();
}

function isThere({ step, syscall, object }: StartFailure, { target }: Mount): boolean {
  return step === 'add-mount' && syscall === 'move_mount' && object === target;
}
