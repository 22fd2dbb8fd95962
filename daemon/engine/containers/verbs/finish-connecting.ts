import { inBackground } from '../../background.ts';
import type { EngineContext } from '../../context.ts';
import { inTurn } from '../life/turn.ts';
import type { Container } from '../model/container.ts';
import { livePhase } from '../model/phase.ts';
import { dropEndpoint } from './disconnect.ts';

/** Takes away what an earlier likerd had begun to connect, or to disconnect: interfaces that are not in the spec. */
export function finishConnecting(context: EngineContext, container: Container): void {
  if (livePhase(container.phase) === null) return;
  const wanted = new Set(container.spec.networks.map(({ network }) => network));
  const strange = context.networks
    .endpointsOf(container.id)
    .filter(({ networkId }) => !wanted.has(networkId));
  for (const endpoint of strange) {
    const finished = inTurn(context, container, () => dropEndpoint(context, container, endpoint));
    inBackground(context, container, 'cannot finish the disconnection of an earlier likerd', finished);
  }
}
