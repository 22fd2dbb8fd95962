import { invalid } from '../../../common/errors.ts';
import type { OnDisconnect as ProtoOnDisconnect } from '../../../proto/gen/types/liker/v1/OnDisconnect.ts';
import type { Explanation, KillScope, WaitCondition } from '../../engine/containers/api.ts';
import type {
  ContainerSpec,
  DirectoryRoot,
  HealthCheck,
  RestartPolicy,
} from '../../engine/containers/model/spec.ts';
import type { EgressPolicy } from '../../engine/networks/api.ts';
import type { OnDisconnect } from '../../engine/process/spec.ts';

// The words of the engine and those of the API, for both directions.

export const rootModes = {
  overlay: 'MODE_OVERLAY',
  rw: 'MODE_READ_WRITE',
  ro: 'MODE_READ_ONLY',
} as const satisfies Record<DirectoryRoot['mode'], string>;

export const limitsModes = {
  strict: 'LIMITS_MODE_STRICT',
  'best-effort': 'LIMITS_MODE_BEST_EFFORT',
} as const satisfies Record<ContainerSpec['limits'], string>;

export const logDrivers = {
  local: 'LOG_DRIVER_LOCAL',
  none: 'LOG_DRIVER_NONE',
} as const satisfies Record<ContainerSpec['logDriver'], string>;

export const restartNames = {
  no: 'NAME_NO',
  'on-failure': 'NAME_ON_FAILURE',
  always: 'NAME_ALWAYS',
  'unless-stopped': 'NAME_UNLESS_STOPPED',
} as const satisfies Record<RestartPolicy['name'], string>;

export const egressModes = {
  all: 'MODE_ALL',
  none: 'MODE_NONE',
  allow: 'MODE_ALLOW',
} as const satisfies Record<EgressPolicy['mode'], string>;

export const healthActions = {
  none: 'ON_FAILURE_NONE',
  kill: 'ON_FAILURE_KILL',
  restart: 'ON_FAILURE_RESTART',
  stop: 'ON_FAILURE_STOP',
} as const satisfies Record<HealthCheck['onFailure'], string>;

export const disconnectPolicies = {
  keep: 'ON_DISCONNECT_KEEP',
  hangup: 'ON_DISCONNECT_HANGUP',
  kill: 'ON_DISCONNECT_KILL',
} as const satisfies Record<OnDisconnect, ProtoOnDisconnect>;

/** How much a list says about each container. */
export const listViews = { full: 'LIST_VIEW_FULL', basic: 'LIST_VIEW_BASIC' } as const;
export type ListView = keyof typeof listViews;

export const riskSeverities = {
  critical: 'RISK_SEVERITY_CRITICAL',
  high: 'RISK_SEVERITY_HIGH',
  medium: 'RISK_SEVERITY_MEDIUM',
  low: 'RISK_SEVERITY_LOW',
} as const satisfies Record<Explanation['risks'][number]['severity'], string>;

export const killScopes = {
  main: 'KILL_SCOPE_MAIN',
  all: 'KILL_SCOPE_ALL',
} as const satisfies Record<KillScope, string>;

export const waitConditions = {
  'not-running': 'WAIT_CONDITION_NOT_RUNNING',
  'next-exit': 'WAIT_CONDITION_NEXT_EXIT',
  removed: 'WAIT_CONDITION_REMOVED',
  healthy: 'WAIT_CONDITION_HEALTHY',
} as const satisfies Record<WaitCondition, string>;

/** The engine's word for one of the API; undefined where none was chosen. A newer client's word arrives as a number. */
export function wordFor<Word extends string>(
  words: Readonly<Record<Word, string>>,
  given: string | number,
  field: string,
): Word | undefined {
  if (String(given).endsWith('UNSPECIFIED')) return undefined;
  for (const word in words) if (words[word] === given) return word;
  throw invalid(field, given, `use ${Object.values(words).join(', ')}`);
}
