import { setTimeout as sleep } from 'node:timers/promises';
import { inBackground } from '../../background.ts';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';
import { newHealth, nextProbeMs } from '../model/health.ts';
import type { HealthCheck } from '../model/spec.ts';
import { checkHealth, lifeMs } from '../verbs/check-health.ts';

/**
 * Probes a container that has a health check until `signal` is aborted. `adopted`: an earlier daemon did so until now; the first probe
 * then comes at a random moment of the interval, so that those of many containers do not come together.
 */
export function watchHealth(
  context: EngineContext,
  container: Container,
  { signal, adopted }: { readonly signal: AbortSignal; readonly adopted: boolean },
): void {
  const check = container.spec.healthCheck;
  if (!check) return;
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
  const pauseMs = () => nextProbeMs(check, container.facts.health ?? newHealth, lifeMs(context, container));
  for (let ms = pauseMs() * share; ; ms = pauseMs()) {
    // Timers use the monotonic clock: setting the time of day does not shift a probe.
    await sleep(ms, undefined, { signal, ref: false });
    while (container.phase.state === 'paused') await container.changed.next(signal);
    if (container.phase.state !== 'running') return;
    await checkHealth(context, container, check);
  }
}
