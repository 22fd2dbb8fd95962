import { badArgument } from '../../../../common/errors.ts';
import type { HealthCheck as ProtoCheck } from '../../../../proto/gen/types/liker/v1/HealthCheck.ts';
import { healthActions, wordFor } from '../words.ts';

/** 0 stands for the default, as in Docker. Null: no health check. */
export function parseHealthCheck(check: ProtoCheck | null, field: string) {
  if (check === null) return null;
  if (check.shell !== '' && check.args.length > 0)
    throw badArgument(field, `Invalid ${field}: give either a shell line or args`);
  return {
    shell: check.shell,
    args: check.args,
    intervalMs: check.intervalMs || undefined,
    timeoutMs: check.timeoutMs || undefined,
    retries: check.retries || undefined,
    startPeriodMs: check.startPeriodMs,
    startIntervalMs: check.startIntervalMs || undefined,
    onFailure: wordFor(healthActions, check.onFailure, `${field}.on_failure`),
  };
}
