import type { EgressPolicyInput } from '../../../../proto/gen/types/liker/v1/EgressPolicy.ts';
import type { EgressPolicy } from '../../../engine/networks/api.ts';
import { egressModes } from '../words.ts';

export function formatEgress(policy: EgressPolicy | null): EgressPolicyInput | null {
  return policy && { mode: egressModes[policy.mode], rules: [...policy.rules] };
}
