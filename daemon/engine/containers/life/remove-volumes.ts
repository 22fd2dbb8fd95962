import type { EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';
import { usersOf, volumesOf } from '../model/volume-users.ts';

/** Removes a container's anonymous volumes that no other container has. Call it when the container is gone. */
export function removeAnonymousVolumes(
  { volumes, registry }: EngineContext,
  { spec }: Pick<Container, 'spec'>,
): void {
  for (const name of volumesOf(spec)) {
    const volume = volumes.get(name);
    if (volume?.isAnonymous && usersOf(registry, name).length === 0) volumes.remove(volume);
  }
}
