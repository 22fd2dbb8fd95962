import type { RlimitInput } from '../../proto/gen/types/liker/v1/Rlimit.ts';
import { invalidFlag } from './invalid-flag.ts';

/** What a uint64 carries as 2^64 - 1: a text above 2^53 is read as a number of JavaScript on its way, that one as 2^64. */
const unlimited = '-1';

/** --ulimit NAME=SOFT[:HARD]; -1 or unlimited for no limit. Without HARD both are the same. */
export function parseUlimit(text: string): RlimitInput {
  const [, name, soft, hard = soft] = /^([a-z]+)=([^:]+)(?::([^:]+))?$/.exec(text) ?? [];
  if (name === undefined || soft === undefined || hard === undefined) {
    throw invalidFlag('ulimit', text, 'use NAME=SOFT[:HARD], such as nofile=1024:2048');
  }
  return { name, soft: limit(text, soft), hard: limit(text, hard) };
}

function limit(text: string, value: string): string {
  if (value === '-1' || value === 'unlimited') return unlimited;
  if (!/^\d{1,19}$/.test(value)) throw invalidFlag('ulimit', text, `'${value}' is no number`);
  return value;
}
