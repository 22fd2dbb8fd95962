import { LikerError } from '../../../../common/errors.ts';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';
import { afterProbe, type HealthProbe, newHealth, type Verdict } from '../model/health.ts';
import { livePhase, requirePhase, wrongState } from '../model/phase.ts';
import type { HealthCheck } from '../model/spec.ts';
import { runProbe } from './probe.ts';

/** Runs a probe now, beside those that run by themselves. */
export async function checkHealthNow(context: EngineContext, container: Container) {
  const check = requireHealthCheck('check the health of', container);
  requirePhase('check the health of', container);
  const probe = await checkHealth(context, container, check);
  if (probe) return { probe, health: container.facts.health ?? newHealth };
  const verb = 'check the health of';
  throw wrongState(verb, container, 'it was paused or has ended meanwhile', verb);
}

/** Runs one probe and stores its verdict. Null if the container was paused or ended meanwhile: then there is no verdict. */
export async function checkHealth(
  context: EngineContext,
  container: Container,
  check: HealthCheck,
): Promise<HealthProbe | null> {
  const { run } = container;
  if (!run) return null;
  const signal = run.supervised;
  return run.probing.run(async () => {
    const age = lifeMs(context, container);
    const probe = await runProbe(context, container, check, signal);
    if (!probe || container.run !== run || container.phase.state !== 'running') return null;
    const verdict = afterProbe(check, container.facts.health ?? newHealth, { probe, lifeMs: age });
    record(context, container, verdict);
    if (verdict.action !== 'none') context.supervision.unhealthy(container, verdict.action);
    return probe;
  });
}

function record(context: EngineContext, container: Container, { health, changed }: Verdict): void {
  const { status, failingStreak } = health;
  const attributes = { healthStatus: status, failingStreak: String(failingStreak) };
  const events = changed ? [{ action: `health_status: ${status}`, attributes }] : [];
  context.ledger.change(container, { facts: { health } }, ...events);
}

/** Age of the main process; 0 if it does not run. */
export function lifeMs(context: EngineContext, container: Container): number {
  const live = livePhase(container.phase);
  return live ? context.proc.ageMs(live.main.startTime) : 0;
}

/** The check, or NO_HEALTH_CHECK. */
export function requireHealthCheck(what: string, container: Container): HealthCheck {
  const check = container.spec.healthCheck;
  if (check) return check;
  throw new LikerError(
    'NO_HEALTH_CHECK',
    `Cannot ${what} container '${container.name}': it has no health check; create it with one (--health-cmd)`,
    { metadata: { container: container.id } },
  );
}
