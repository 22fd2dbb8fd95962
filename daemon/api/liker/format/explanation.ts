import type { ExplainContainerResponseInput } from '../../../../proto/gen/types/liker/v1/ExplainContainerResponse.ts';
import type { Explanation } from '../../../engine/containers/api.ts';
import { riskSeverities } from '../words.ts';
import { formatUserNamespace } from './container.ts';

export function formatExplanation(explanation: Explanation): ExplainContainerResponseInput {
  const { steps, risks, warnings, capabilities, cgroupWrites, rlimits, sysctls, environment, userNamespace } =
    explanation;
  return {
    steps: [...steps],
    risks: risks.map(({ severity, rule, text }) => ({ severity: riskSeverities[severity], rule, text })),
    warnings: [...warnings],
    capabilitiesKept: [...capabilities.kept],
    capabilitiesDropped: [...capabilities.dropped],
    cgroupWrites: [...cgroupWrites],
    rlimits: [...rlimits],
    sysctls,
    environment: [...environment],
    seccomp: explanation.seccomp,
    userNamespace: userNamespace && formatUserNamespace(userNamespace),
  };
}
