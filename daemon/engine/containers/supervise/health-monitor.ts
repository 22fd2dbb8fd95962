import { setTimeout as sleep } from 'node:timers/promises';
import { inBackground } from '../../background.ts';
import type { EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';
import { newHealth, nextProbeMs } from '../model/health.ts';
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
  const pauseMs = () => nextProbeMs(check, container.facts.health ?? newHealth, lifeMs(context, container));
  const monitor = async () => {
    for (let ms = pauseMs() * (adopted ? Math.random() : 1); ; ms = pauseMs()) {
      // Timers use the monotonic clock: setting the time of day does not shift a probe.
      await sleep(ms, undefined, { signal, ref: false });
      while (container.phase.state === 'paused') await container.changed.next(signal);
      if (container.phase.state !== 'running') return;
      await checkHealth(context, container, check);
    }
  };
  const untilAborted = monitor().catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  inBackground(context, container, 'probing stopped', untilAborted);
}
