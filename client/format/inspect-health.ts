import { healthcheckRecord } from '../../common/docker-records.ts';
import type { Health } from '../../proto/gen/types/liker/v1/Health.ts';
import type { HealthCheck } from '../../proto/gen/types/liker/v1/HealthCheck.ts';
import { healthWord } from './status.ts';
import { rfc3339 } from './timestamp.ts';

/** State.Health in Docker's form; nothing without a health check. */
export function healthState(health: Health | null): Record<string, unknown> {
  if (health === null) return {};
  const Log = health.log.map(({ startedAt, endedAt, exitCode, output }) => ({
    Start: rfc3339(startedAt),
    End: rfc3339(endedAt),
    ExitCode: exitCode,
    Output: output,
  }));
  return { Health: { Status: healthWord(health), FailingStreak: health.failingStreak, Log } };
}

/** Config.Healthcheck in Docker's form, with times in nanoseconds, and Podman's action. */
export function healthConfig(check: HealthCheck | null): Record<string, unknown> {
  if (check === null) return {};
  return {
    Healthcheck: healthcheckRecord(check),
    HealthcheckOnFailureAction: check.onFailure.replace('ON_FAILURE_', '').toLowerCase(),
  };
}
