import { LikerError } from '../../../../common/errors.ts';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';
import { newHealth } from '../model/health.ts';
import { requirePhase } from '../model/phase.ts';
import { checkHealth, requireHealthCheck } from '../supervise/health-monitor.ts';

/** Runs a probe now, beside those that run by themselves. */
export async function checkHealthNow(context: EngineContext, container: Container) {
  const check = requireHealthCheck('check the health of', container);
  requirePhase('check the health of', container, container.phase.state);
  const probe = await checkHealth(context, container, check);
  if (probe) return { probe, health: container.facts.health ?? newHealth };
  throw new LikerError(
    'WRONG_STATE',
    `Cannot check the health of container '${container.name}': it was paused or has ended meanwhile`,
    { metadata: { container: container.id, state: container.phase.state, verb: 'check the health of' } },
  );
}
