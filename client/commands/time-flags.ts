import { parseTimestamp } from '../../common/units.ts';
import type { Timestamp } from '../../proto/gen/types/google/protobuf/Timestamp.ts';
import type { FlagValues } from '../cli/flag.ts';
import { fromNs } from '../format/timestamp.ts';

/** The moment that a flag names: RFC 3339, Unix seconds, or how long ago. Undefined when it was not given. */
export function timeFlag(flags: FlagValues, name: string): Timestamp | undefined {
  const text = flags.text(name);
  return text === undefined ? undefined : fromNs(parseTimestamp(text, `--${name}`));
}
