import { parseTimestamp } from '../../common/units.ts';
import type { Timestamp } from '../../proto/gen/types/google/protobuf/Timestamp.ts';
import type { FlagValues } from '../cli/flag.ts';
import { fromNs } from '../format/timestamp.ts';

/** The time in a flag: RFC 3339, Unix seconds, or how long ago. Undefined if the flag was not given. Throws BAD_ARGUMENT. */
export function timeFlag(flags: FlagValues, name: string): Timestamp | undefined {
  const text = flags.text(name);
  return text === undefined ? undefined : fromNs(parseTimestamp(text, `--${name}`));
}
