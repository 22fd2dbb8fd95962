import type { EgressPolicy } from '../../proto/gen/types/liker/v1/EgressPolicy.ts';
import { enumWord } from './enum-word.ts';

/** As --egress has it, with the rules on one line; empty: there is no policy. */
export function egressText(policy: EgressPolicy | null): string {
  if (policy === null) return '';
  const mode = enumWord(policy.mode, 'MODE_');
  return mode === 'allow' ? `allow=${policy.rules.join(',')}` : mode;
}
