import {
  type IdMaps,
  type IdRun,
  keepOwnMaps,
  rangeSize,
  toInside,
  within,
} from '../../../kernel/users/id-maps.ts';
import type { EngineContext } from '../../context.ts';
import type { Namespaces } from '../model/spec.ts';
import { unavailable } from './user-namespace-problem.ts';

/**
 * The maps of a user namespace where likerd is not root on the host, and so can idmap no mount. The files of the container belong to the
 * user, whose id must be in it. Their "outside" is likerd's own user namespace, in which the user is 0 and his subordinate ids follow;
 * no container has some of them for itself. Errors: USERNS_UNAVAILABLE.
 */
export function mapsWithoutRoot({ users }: Pick<EngineContext, 'users'>, user: Namespaces['user']): IdMaps {
  const { owner, ids } = users;
  if (user.kind === 'keep-id') {
    if (user.uid !== owner.uid)
      throw unavailable(
        `likerd runs without root, and has user ${owner.uid} (${owner.name}) to keep, not ${user.uid}`,
      );
    const most = Math.min(countOf(ids.uids), countOf(ids.gids)) - 1;
    return keepOwnMaps(user, Math.min(most, rangeSize));
  }
  if (user.kind !== 'maps')
    throw unavailable(
      `a range of ids leaves out ${owner.name}, to whom the files of the root and of the container's layer belong, and only root may idmap them; use --userns keep-id, or host, in which root inside is ${owner.name}`,
    );
  for (const kind of ['uids', 'gids'] as const) {
    const runs = user.maps[kind];
    if (countOf(within(runs, identity(ids[kind]))) < countOf(runs))
      throw unavailable(
        `its ${kind} are more than the ${countOf(ids[kind])} that there are without root; see /proc/self/uid_map`,
      );
    if (toInside(runs, 0) === null)
      throw unavailable(
        `its ${kind} leave out 0, which is ${owner.name}, to whom the files of the root and of the container's layer belong, and only root may idmap them; add a run such as 0-0-1`,
      );
  }
  return user.maps;
}

function countOf(runs: readonly IdRun[]): number {
  return runs.reduce((sum, { count }) => sum + count, 0);
}

/** The same ids on both sides. */
function identity(runs: IdMaps['uids']): IdRun[] {
  return runs.map(({ inside, count }) => ({ inside, outside: inside, count }));
}
