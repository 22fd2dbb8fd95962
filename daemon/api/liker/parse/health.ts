import { badArgument } from '../../../../common/errors.ts';
import type { HealthCheck as ProtoCheck } from '../../../../proto/gen/types/liker/v1/HealthCheck.ts';
import { longestTimerMs } from '../../../loop/sync.ts';
import { healthActions, wordFor } from '../words.ts';
import { parseArgs } from './process.ts';
import { inRange, noNul } from './text.ts';

/** 0 stands for the default, as in Docker. Null: no health check. */
export function parseHealthCheck(
  check: ProtoCheck | null,
  field: string,
  { autoRemove }: { readonly autoRemove: boolean },
) {
  if (check === null) return null;
  if (check.shell !== '' && check.args.length > 0) {
    throw badArgument(field, `Invalid ${field}: give either a shell line or args`);
  }
  const onFailure = wordFor(healthActions, check.onFailure, `${field}.on_failure`);
  if (onFailure === 'restart' && autoRemove) {
    throw badArgument(
      `${field}.on_failure`,
      'Cannot restart on failed health checks what is removed at its end: leave out on_failure (--health-on-failure) or auto_remove (--rm)',
    );
  }
  const ms = (value: number, name: string): number | undefined =>
    inRange(value, 0, longestTimerMs, `${field}.${name}`) || undefined;
  return {
    shell: noNul(check.shell, `${field}.shell`),
    args: check.shell === '' ? parseArgs(check.args, `${field}.args`) : [],
    intervalMs: ms(check.intervalMs, 'interval_ms'),
    timeoutMs: ms(check.timeoutMs, 'timeout_ms'),
    retries: check.retries || undefined,
    startPeriodMs: ms(check.startPeriodMs, 'start_period_ms'),
    startIntervalMs: ms(check.startIntervalMs, 'start_interval_ms'),
    onFailure,
  };
}
