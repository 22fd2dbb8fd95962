import { badArgument } from '../../../../common/errors.ts';
import type { EngineContext } from '../../context.ts';
import { anonymousVolumeName, type Volume } from '../../volumes/model/volume.ts';
import { asReadOnly, type ContainerSpec, type Mount, ownVolumes } from '../model/spec.ts';
import { volumesOf } from '../model/volume-users.ts';

/** The spec with the mounts of other containers that it asks for and the volumes of its image, and with names for anonymous volumes. */
export function withVolumes(context: EngineContext, spec: ContainerSpec): ContainerSpec {
  const mounts = new Map(spec.mounts.map((mount) => [mount.target, named(mount)]));
  for (const [index, from] of spec.volumesFrom.entries())
    for (const mount of mountsOf(context, from, `spec.volumes_from[${index}]`))
      if (!mounts.has(mount.target)) mounts.set(mount.target, mount);
  for (const mount of ownVolumes(spec.imageVolumes, [...mounts.values()]))
    mounts.set(mount.target, named(mount));
  return { ...spec, mounts: [...mounts.values()] };
}

export function named(mount: Mount): Mount {
  return mount.type === 'volume' && mount.volume === '' ? { ...mount, volume: anonymousVolumeName() } : mount;
}

/** The binds, volumes and images of another container. */
function mountsOf({ registry }: EngineContext, from: string, field: string): Mount[] {
  const [, reference = '', mode] = /^([^:]*)(?::(.*))?$/s.exec(from) ?? [];
  if (mode !== undefined && mode !== 'ro' && mode !== 'rw')
    throw badArgument(field, `Invalid ${field} '${from}': use CONTAINER, CONTAINER:ro or CONTAINER:rw`);
  return registry
    .find(reference)
    .spec.mounts.filter((mount) => mount.type !== 'tmpfs')
    .map((mount) => (mode === 'ro' ? asReadOnly(mount) : mount));
}

/** Makes the volumes of a container that are missing. `asked`: the spec of the call, where those without a name have none. */
export function makeVolumes(
  { volumes }: EngineContext,
  { mounts, leaseId }: Pick<ContainerSpec, 'mounts' | 'leaseId'>,
  asked: Pick<ContainerSpec, 'mounts'>,
): readonly Volume[] {
  const names = new Set(volumesOf(asked));
  const made: Volume[] = [];
  try {
    for (const name of volumesOf({ mounts }))
      if (volumes.get(name) === null)
        made.push(volumes.create({ name, isAnonymous: !names.has(name), labels: {}, leaseId }));
    return made;
  } catch (error) {
    for (const volume of made) volumes.remove(volume);
    throw error;
  }
}
