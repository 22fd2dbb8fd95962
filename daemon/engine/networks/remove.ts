import { LikerError } from '../../../common/errors.ts';
import { shortId } from '../../../common/ids.ts';
import type { EngineContext } from '../context.ts';
import type { RequestKey } from '../journal/requests.ts';
import { takeDown } from './host/take-down.ts';
import type { Network } from './model/network.ts';
import { usersOf } from './view.ts';

/** Removes a network that no container has. Errors: NETWORK_IN_USE. */
export async function removeNetwork(
  context: EngineContext,
  network: Network,
  request: RequestKey | null = null,
): Promise<void> {
  requireUnused(context, network);
  context.networks.remove(network, request);
  await takeDown(context, network);
}

/** Errors: NETWORK_IN_USE. */
function requireUnused(context: EngineContext, network: Network): void {
  const users = usersOf(context, network);
  if (users.length === 0) return;
  const some = users.slice(0, 3).map(({ name, id }) => `'${name}' (${shortId(id)})`);
  const more = users.length > some.length ? ` and ${users.length - some.length} more` : '';
  const [what, those] = users.length === 1 ? ['container', 'that'] : ['containers', 'those'];
  throw new LikerError(
    'NETWORK_IN_USE',
    `Cannot remove network '${network.name}': it is in use by ${what} ${some.join(', ')}${more}; disconnect or remove ${those} first`,
    { metadata: { network: network.id, container: users[0]?.id ?? '' } },
  );
}
