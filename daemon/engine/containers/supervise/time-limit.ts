import { longestTimerMs } from '../../../loop/sync.ts';
import type { EngineContext } from '../../context.ts';
import { killProcess } from '../life/kill-process.ts';
import type { Container } from '../model/container.ts';

/** Kills the container when its time is over (--timeout), unless `signal` is aborted before. Its main process is `ageMs` old. */
export function limitTime(
  context: EngineContext,
  container: Container,
  { signal, ageMs }: { readonly signal: AbortSignal; readonly ageMs: number },
): void {
  const seconds = container.spec.timeoutSeconds;
  if (seconds === 0) return;
  const left = Math.max(0, seconds * 1000 - ageMs);
  const onTime = () => {
    if (left > longestTimerMs)
      return limitTime(context, container, { signal, ageMs: ageMs + longestTimerMs });
    context.log.info('container timed out', { container: container.id, seconds });
    killProcess(context, container, 0);
  };
  const timer = setTimeout(onTime, Math.min(left, longestTimerMs)).unref();
  signal.addEventListener('abort', () => clearTimeout(timer));
}
