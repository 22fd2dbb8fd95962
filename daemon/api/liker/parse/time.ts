import { badArgument } from '../../../../common/errors.ts';
import type { Timestamp } from '../../../../proto/gen/types/google/protobuf/Timestamp.ts';

/** Nanoseconds since the epoch; null when it is not set. */
export function parseTimeNs(time: Timestamp | null, field: string): bigint | null {
  if (time === null) return null;
  const { seconds, nanos } = time;
  // The bounds of google.protobuf.Timestamp: the years 1 to 9999.
  const isLegal = seconds >= -62_135_596_800 && seconds <= 253_402_300_799 && nanos >= 0 && nanos < 1e9;
  if (!isLegal)
    throw badArgument(field, `Invalid ${field}: ${seconds} s and ${nanos} ns are not a timestamp`);
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos);
}

/** Milliseconds since the epoch, rounded up: an event is at or after `since` exactly when its millisecond is. */
export function parseTimeMs(time: Timestamp | null, field: string): number | null {
  const ns = parseTimeNs(time, field);
  return ns === null ? null : Number((ns > 0n ? ns + 999_999n : ns) / 1_000_000n);
}
