import { LikerError } from '../../../common/errors.ts';
import { shortId } from '../../../common/ids.ts';
import type { Container } from '../containers/model/container.ts';
import { usersOf } from '../containers/model/volume-users.ts';
import type { EngineContext } from '../context.ts';
import type { RequestKey } from '../journal/requests.ts';
import type { Volume } from './model/volume.ts';

/** Removes a volume that no container has. Errors: VOLUME_IN_USE. */
export function removeVolume(
  { registry, volumes }: EngineContext,
  volume: Volume,
  request: RequestKey | null = null,
): void {
  const users = usersOf(registry, volume.name);
  if (users.length > 0) throw inUse(volume, users);
  volumes.remove(volume, request);
}

function inUse({ name }: Volume, users: readonly Container[]): LikerError {
  const some = users.slice(0, 3).map(({ name, id }) => `'${name}' (${shortId(id)})`);
  const more = users.length > some.length ? ` and ${users.length - some.length} more` : '';
  return new LikerError(
    'VOLUME_IN_USE',
    `Cannot remove volume '${name}': it is in use by container ${some.join(', ')}${more}; remove that first`,
    { metadata: { volume: name, container: users[0]?.id ?? '' } },
  );
}
