import { badArgument } from '../../../../common/errors.ts';
import type { HealthCheck as ProtoCheck } from '../../../../proto/gen/types/liker/v1/HealthCheck.ts';
import type { HealthCheck } from '../../../engine/containers/model/spec.ts';
import { longestTimerMs } from '../../../loop/sync.ts';
import { parseArgs } from './process.ts';
import { inRange, noNul, oneOf } from './text.ts';

const actions = {
  ON_FAILURE_UNSPECIFIED: 'none',
  ON_FAILURE_NONE: 'none',
  ON_FAILURE_KILL: 'kill',
  ON_FAILURE_RESTART: 'restart',
  ON_FAILURE_STOP: 'stop',
} as const satisfies Record<string, HealthCheck['onFailure']>;

/** Docker's defaults where a number is 0. Null: no health check. */
export function parseHealthCheck(
  check: ProtoCheck | null,
  field: string,
  { autoRemove }: { readonly autoRemove: boolean },
): HealthCheck | null {
  if (check === null) return null;
  if (check.shell !== '' && check.args.length > 0) {
    throw badArgument(field, `Invalid ${field}: give either a shell line or args`);
  }
  const onFailure = oneOf(actions, check.onFailure, `${field}.on_failure`);
  if (onFailure === 'restart' && autoRemove) {
    throw badArgument(
      `${field}.on_failure`,
      'Cannot restart on failed health checks what is removed at its end: leave out on_failure (--health-on-failure) or auto_remove (--rm)',
    );
  }
  const ms = (value: number, fallback: number, name: string): number =>
    inRange(value || fallback, 0, longestTimerMs, `${field}.${name}`);
  return {
    shell: noNul(check.shell, `${field}.shell`),
    args: check.shell === '' ? parseArgs(check.args, `${field}.args`) : [],
    intervalMs: ms(check.intervalMs, 30_000, 'interval_ms'),
    timeoutMs: ms(check.timeoutMs, 30_000, 'timeout_ms'),
    retries: check.retries || 3,
    startPeriodMs: ms(check.startPeriodMs, 0, 'start_period_ms'),
    startIntervalMs: ms(check.startIntervalMs, 5_000, 'start_interval_ms'),
    onFailure,
  };
}
