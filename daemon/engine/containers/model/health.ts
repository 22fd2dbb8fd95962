import * as v from 'valibot';
import { fields, moment, type Of } from '../../../../common/schema.ts';
import type { HealthCheck } from './spec.ts';

/** A probe that has ended. Times are milliseconds since the epoch. */
const healthProbe = fields({
  startedAt: moment,
  endedAt: moment,
  /** 0 is success; -1 when it was killed at its timeout or could not be started. */
  exitCode: v.number(),
  output: v.string(),
});
export interface HealthProbe extends Of<typeof healthProbe> {}

/** What is known of a container's health. A pure state machine: the clock and the probes are in health-monitor.ts. */
export const healthSchema = fields({
  status: v.picklist(['starting', 'healthy', 'unhealthy']),
  /** Failures in a row. */
  failingStreak: v.number(),
  /** The last probes, oldest first. */
  log: v.array(healthProbe),
});
export interface Health extends Of<typeof healthSchema> {}

export interface Verdict {
  readonly health: Health;
  /** The status is another than before. */
  readonly changed: boolean;
  readonly action: HealthCheck['onFailure'];
}

const keptProbes = 5;

export const newHealth: Health = { status: 'starting', failingStreak: 0, log: [] };

/** As Docker has it: a container that has ended is unhealthy. */
export function endedHealth(health: Health): Health {
  return { ...health, status: 'unhealthy' };
}

/** `lifeMs`: age of the container when the probe began. */
export function afterProbe(
  check: HealthCheck,
  health: Health,
  { probe, lifeMs }: { readonly probe: HealthProbe; readonly lifeMs: number },
): Verdict {
  const log = [...health.log, probe].slice(-keptProbes);
  if (probe.exitCode === 0) {
    const changed = health.status !== 'healthy';
    return { health: { status: 'healthy', failingStreak: 0, log }, changed, action: 'none' };
  }
  if (isForgiven(check, health, lifeMs)) {
    return { health: { ...health, log }, changed: false, action: 'none' };
  }
  const failingStreak = health.failingStreak + 1;
  const isUnhealthy = failingStreak >= check.retries || health.status === 'unhealthy';
  const status = isUnhealthy ? 'unhealthy' : health.status;
  return {
    health: { status, failingStreak, log },
    changed: status !== health.status,
    // Also when it was unhealthy before: a daemon may have died between the verdict and the action.
    action: isUnhealthy ? check.onFailure : 'none',
  };
}

/** Milliseconds until the next probe; `lifeMs`: age of the container now. */
export function nextProbeMs(check: HealthCheck, health: Health, lifeMs: number): number {
  return isForgiven(check, health, lifeMs) ? check.startIntervalMs : check.intervalMs;
}

/** In the start period nothing counts but the first success, which ends it. */
function isForgiven(check: HealthCheck, health: Health, lifeMs: number): boolean {
  return health.status === 'starting' && lifeMs < check.startPeriodMs;
}
