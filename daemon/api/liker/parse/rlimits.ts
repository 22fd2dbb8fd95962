import { badArgument } from '../../../../common/errors.ts';
import type { Rlimit as ProtoRlimit } from '../../../../proto/gen/types/liker/v1/Rlimit.ts';
import type { Rlimit } from '../../../engine/process/spec.ts';

/** As in getrlimit(2), lower case without RLIMIT_. */
const names = [
  ...['as', 'core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue', 'nice', 'nofile', 'nproc'],
  ...['rss', 'rtprio', 'rttime', 'sigpending', 'stack'],
];

/** No limit, as the kernel has it. */
export const unlimited = String(2n ** 64n - 1n);

export function parseRlimits(limits: readonly ProtoRlimit[], field: string): Rlimit[] {
  const seen = new Set<string>();
  return limits.map((limit, index) => {
    const path = `${field}[${index}]`;
    const parsed = parseRlimit(limit, path);
    if (seen.has(parsed.name)) throw badArgument(`${path}.name`, `Limit '${parsed.name}' is given twice`);
    seen.add(parsed.name);
    return parsed;
  });
}

function parseRlimit({ name, soft, hard }: ProtoRlimit, field: string): Rlimit {
  const known = name.toLowerCase().replace(/^rlimit_/, '');
  if (!names.includes(known)) {
    throw badArgument(`${field}.name`, `Unknown limit '${name}': use one of ${names.join(', ')}`);
  }
  if (soft > hard) {
    throw badArgument(`${field}.soft`, `Invalid limit '${known}': soft ${soft} is greater than hard ${hard}`);
  }
  return { name: known, soft: value(soft, `${field}.soft`), hard: value(hard, `${field}.hard`) };
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
