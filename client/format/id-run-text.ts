import type { IdRun } from '../../proto/gen/types/liker/v1/IdRun.ts';

/** A run of ids as --userns accepts it. */
export function idRunText({ inside, outside, count }: IdRun): string {
  return `${inside}:${outside}:${count}`;
}
