import { existsSync } from 'node:fs';
import { LikerError } from '../../../../common/errors.ts';
import { encodeLaunch } from '../../../kernel/plan/encode.ts';
import type { Holder } from '../../../kernel/process/holder.ts';
import { type EngineContext, rootMountPoint } from '../../context.ts';
import { startError } from '../life/start-error.ts';
import type { Container } from '../model/container.ts';
import { holdPlan } from '../plan/hold.ts';
import type { UserNamespace } from '../plan/id-maps.ts';
import { checkDirectory } from '../rules/host-paths.ts';
import { lowerFolders } from './compile.ts';
import { mountsBelow, planMounts, volumesToFill } from './plan-mounts.ts';

/** The shim's smallest; nothing is written to it. */
const ringBytes = 4096;

/**
 * A process with the root and the mounts of a container that does not run, as its next start makes them. Call it in the container's turn,
 * and dispose of it before the turn is over: an overlay may be mounted only once.
 */
export async function holdRoot(context: EngineContext, container: Container): Promise<Holder> {
  const { id, spec } = container;
  const { rootfs } = spec;
  if (rootfs.kind === 'directory') checkDirectory(rootfs);
  for (const mount of spec.mounts)
    if (mount.type === 'bind' && !existsSync(mount.source))
      throw new LikerError(
        'WRONG_STATE',
        `Cannot show the files of container '${container.name}': the source of a mount, '${mount.source}', does not exist; make it`,
        { metadata: { container: id, source: mount.source } },
      );
  using filling = await context.volumes.reserveToFill(volumesToFill(spec));
  const { mounts } = planMounts(context, container);
  context.folders.clearVolatileMark(id);
  const plan = holdPlan({
    spec,
    mountPoint: rootMountPoint(context),
    userNamespace: ownNamespace(container),
    overlay: {
      lowers: lowerFolders(context, rootfs),
      layer: context.folders.of(id).base,
      volatile: false,
      userXattr: !context.users.isRootOnHost,
    },
    mounts,
    mountsBelow:
      rootfs.kind === 'image' || rootfs.mode === 'overlay' ? [] : mountsBelow(context, rootfs.directory),
    isRootOnHost: context.users.isRootOnHost,
  });
  filling.begin();
  const holder = await context.processes.hold(
    encodeLaunch(plan, {
      containerId: id,
      runDir: '',
      logDir: '',
      logSegmentBytes: 0,
      logSegments: 0,
      ringBytes,
      oomFile: '',
      network: [],
    }),
  );
  if ('errno' in holder)
    throw asHoldError(container, startError(`the holder of container '${container.name}'`, holder));
  filling.end();
  return holder;
}

function asHoldError({ name, id }: Container, error: LikerError): LikerError {
  const message = error.message.replace(
    /^Cannot start [^:]*:/,
    `Cannot show the files of container '${name}':`,
  );
  return new LikerError(error.reason, message, {
    metadata: { ...error.metadata, container: id },
    cause: error,
  });
}

/** With the ids of the other container, where it has that one's: nothing of it needs to run. */
function ownNamespace({ facts }: Container): UserNamespace {
  return facts.userNamespace && { kind: 'own', maps: facts.userNamespace.maps };
}
