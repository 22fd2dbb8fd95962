import { badArgument } from '../../../../common/errors.ts';
import type { EgressPolicy as ProtoPolicy } from '../../../../proto/gen/types/liker/v1/EgressPolicy.ts';
import type { EgressPolicy } from '../../../engine/networks/api.ts';
import { egressModes, wordFor } from '../words.ts';

/** Null: there is none. */
export function parseEgress(policy: ProtoPolicy | null, field: string): EgressPolicy | null {
  if (policy === null) return null;
  const mode = wordFor(egressModes, policy.mode, `${field}.mode`);
  if (mode === undefined) throw badArgument(`${field}.mode`, `Missing ${field}.mode`);
  return { mode, rules: policy.rules };
}
