import type { TimestampInput } from '../proto/gen/types/google/protobuf/Timestamp.ts';

/** A time of the API. */
export function timestamp(date: Date): TimestampInput {
  const ms = date.getTime();
  return { seconds: Math.floor(ms / 1000), nanos: (((ms % 1000) + 1000) % 1000) * 1e6 };
}
