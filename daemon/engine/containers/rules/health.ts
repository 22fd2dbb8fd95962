import { checkRange } from '../../../../common/checks.ts';
import { badArgument } from '../../../../common/errors.ts';
import { longestTimerMs } from '../../../loop/sync.ts';
import type { ContainerSpec } from '../model/spec.ts';
import { checkArgs } from './process.ts';

export function checkHealthCheck({ healthCheck: check, autoRemove }: ContainerSpec): void {
  if (check === null) return;
  const field = 'spec.health_check';
  if (check.onFailure === 'restart' && autoRemove)
    throw badArgument(
      `${field}.on_failure`,
      'Cannot use on_failure restart (--health-on-failure) together with auto_remove (--rm): the container is removed when it exits; leave out one of them',
    );
  if (check.shell === '') checkArgs(check.args, `${field}.args`);
  checkRange(check.retries, [1, Number.MAX_SAFE_INTEGER, 3], `${field}.retries`);
  for (const [name, ms] of [
    ['interval_ms', check.intervalMs],
    ['timeout_ms', check.timeoutMs],
    ['start_period_ms', check.startPeriodMs],
    ['start_interval_ms', check.startIntervalMs],
  ] as const)
    checkRange(ms, [0, longestTimerMs], `${field}.${name}`);
}
