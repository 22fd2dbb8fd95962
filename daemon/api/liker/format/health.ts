import type { HealthInput } from '../../../../proto/gen/types/liker/v1/Health.ts';
import type { HealthProbeInput } from '../../../../proto/gen/types/liker/v1/HealthProbe.ts';
import type { Health, HealthProbe } from '../../../engine/containers/model/health.ts';
import { timestampOfMs } from './time.ts';

const statuses = {
  starting: 'HEALTH_STATUS_STARTING',
  healthy: 'HEALTH_STATUS_HEALTHY',
  unhealthy: 'HEALTH_STATUS_UNHEALTHY',
} as const;

export function formatHealth({ status, failingStreak, log }: Health): HealthInput {
  return { status: statuses[status], failingStreak, log: log.map(formatProbe) };
}

export function formatProbe({ startedAt, endedAt, exitCode, output }: HealthProbe): HealthProbeInput {
  return { startedAt: timestampOfMs(startedAt), endedAt: timestampOfMs(endedAt), exitCode, output };
}
