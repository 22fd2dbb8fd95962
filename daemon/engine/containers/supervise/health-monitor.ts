import { setTimeout as sleep } from 'node:timers/promises';
import { LikerError } from '../../../../common/errors.ts';
import { ageMs } from '../../../kernel/proc/processes.ts';
import { inBackground } from '../../background.ts';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';
import { afterProbe, type HealthProbe, newHealth, nextProbeMs, type Verdict } from '../model/health.ts';
import { livePhase } from '../model/phase.ts';
import type { HealthCheck } from '../model/spec.ts';
import { endUnhealthy } from './health-action.ts';
import { runProbe } from './health-probe.ts';

/**
 * Probes a container, if it has a health check, until it ends. `adopted`: an earlier daemon did so before; the first
 * probe then comes at a moment of its own, so that those of many containers do not come together.
 */
export function watchHealth(context: EngineContext, container: Container, { adopted = false } = {}): void {
  const check = container.spec.healthCheck;
  container.healthWatch?.abort();
  if (!check) return;
  const watch = new AbortController();
  container.healthWatch = watch;
  const { signal } = watch;
  const monitoring = monitor(context, container, check, { signal, share: adopted ? Math.random() : 1 });
  const untilAborted = monitoring.catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  inBackground(context, container, 'probing stopped', untilAborted);
}

async function monitor(
  context: EngineContext,
  container: Container,
  check: HealthCheck,
  { signal, share }: { readonly signal: AbortSignal; readonly share: number },
): Promise<void> {
  const pauseMs = () => nextProbeMs(check, container.facts.health ?? newHealth, lifeMs(container));
  for (let ms = pauseMs() * share; ; ms = pauseMs()) {
    // By the monotonic clock: a step of the time of day is none of a probe's business.
    await sleep(ms, undefined, { signal, ref: false });
    while (container.phase.state === 'paused') await container.changed.next(signal);
    if (container.phase.state !== 'running') return;
    await checkHealth(context, container, check);
  }
}

/**
 * Runs one probe, stores what it says, and sees to what follows from it. Null when the container was paused or has ended
 * meanwhile: then it says nothing.
 */
export async function checkHealth(
  context: EngineContext,
  container: Container,
  check: HealthCheck,
): Promise<HealthProbe | null> {
  const signal = container.healthWatch?.signal ?? AbortSignal.abort();
  return container.probing.run(async () => {
    const { main } = container;
    const age = lifeMs(container);
    const probe = await runProbe(context, container, check, signal);
    if (!probe || container.main !== main || container.phase.state !== 'running') return null;
    const verdict = afterProbe(check, container.facts.health ?? newHealth, { probe, lifeMs: age });
    record(context, container, verdict);
    endUnhealthy(context, container, verdict.action);
    return probe;
  });
}

function record(context: EngineContext, container: Container, { health, changed }: Verdict): void {
  const { status, failingStreak } = health;
  const attributes = { healthStatus: status, failingStreak: String(failingStreak) };
  const events = changed ? [{ action: `health_status: ${status}`, attributes }] : [];
  context.ledger.change(container, { facts: { health } }, ...events);
}

/** Since its main process was started; a daemon that adopts it counts on. */
function lifeMs(container: Container): number {
  const live = livePhase(container.phase);
  return live ? ageMs(live.main.startTime) : 0;
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
