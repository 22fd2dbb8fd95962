import { longestTimerMs } from '../../../loop/sync.ts';
import type { EngineContext } from '../../context.ts';
import { killProcess } from '../life/kill-process.ts';
import type { Container } from '../model/container.ts';

/** Kills the container when its time is over (--timeout). Its main process has been running for `ageMs`. */
export function limitTime(context: EngineContext, container: Container, ageMs: number): void {
  // It may be armed already: the shim was lost, and found again or not.
  if (container.timeoutTimer) clearTimeout(container.timeoutTimer);
  const seconds = container.spec.timeoutSeconds;
  if (seconds === 0) return;
  const left = Math.max(0, seconds * 1000 - ageMs);
  const onTime = () => {
    if (left > longestTimerMs) return limitTime(context, container, ageMs + longestTimerMs);
    context.log.info('container timed out', { container: container.id, seconds });
    killProcess(context, container, 0);
  };
  container.timeoutTimer = setTimeout(onTime, Math.min(left, longestTimerMs)).unref();
}
