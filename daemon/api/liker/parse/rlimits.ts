import { badArgument } from '../../../../common/errors.ts';
import type { Rlimit as ProtoRlimit } from '../../../../proto/gen/types/liker/v1/Rlimit.ts';
import type { Rlimit } from '../../../engine/process/spec.ts';

/** No limit, as the kernel has it. */
export const unlimited = String(2n ** 64n - 1n);

export function parseRlimits(limits: readonly ProtoRlimit[], field: string): Rlimit[] {
  return limits.map(({ name, soft, hard }, index) => ({
    name: name.toLowerCase().replace(/^rlimit_/, ''),
    soft: value(soft, `${field}[${index}].soft`),
    hard: value(hard, `${field}[${index}].hard`),
  }));
}

/** A number of JavaScript has 53 bits, so 2^64 - 1 arrives as 2^64. */
function value(limit: number, field: string): string {
  if (limit >= 2 ** 64) return unlimited;
  if (limit > Number.MAX_SAFE_INTEGER) {
    throw badArgument(
      field,
      `Invalid ${field}: use at most ${Number.MAX_SAFE_INTEGER}, or 2^64 - 1 for no limit`,
    );
  }
  return String(limit);
}
