import type { FlagValues } from '../cli/flag.ts';
import { invalidFlag } from './invalid-flag.ts';

/** The value of the API for no limit. */
export const forEver = 2 ** 32 - 1;

/** A grace period in seconds, -1 for no limit; undefined if the flag was not given. */
export function graceSeconds(flags: FlagValues, name: string): number | undefined {
  return flags.int(name) === -1 ? forEver : seconds(flags, name, ', or -1 for no limit');
}

/** Whole seconds; undefined if the flag was not given. */
export function seconds(flags: FlagValues, name: string, orElse = ''): number | undefined {
  const value = flags.int(name);
  if (value === undefined || (value >= 0 && value < forEver)) return value;
  throw invalidFlag(name, value, `give a number of seconds such as 10${orElse}`);
}
