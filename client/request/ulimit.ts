import type { RlimitInput } from '../../proto/gen/types/liker/v1/Rlimit.ts';
import { invalidFlag } from './invalid-flag.ts';

/** A uint64 field encodes -1 as 2^64 - 1. Written out, that number would be rounded to 2^64 on the way, as a JavaScript number. */
const unlimited = '-1';

/** Parses --ulimit NAME=SOFT[:HARD]; -1 and unlimited mean no limit, and HARD defaults to SOFT. */
export function parseUlimit(text: string): RlimitInput {
  const [, name, soft, hard = soft] = /^([a-z]+)=([^:]+)(?::([^:]+))?$/.exec(text) ?? [];
  if (name === undefined || soft === undefined || hard === undefined) {
    throw invalidFlag('ulimit', text, 'use NAME=SOFT[:HARD], such as nofile=1024:2048');
  }
  return { name, soft: limit(text, soft), hard: limit(text, hard) };
}

function limit(text: string, value: string): string {
  if (value === '-1' || value === 'unlimited') return unlimited;
  if (!/^\d{1,19}$/.test(value)) throw invalidFlag('ulimit', text, `'${value}' is not a number`);
  return value;
}
