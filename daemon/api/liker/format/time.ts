import type { TimestampInput } from '../../../../proto/gen/types/google/protobuf/Timestamp.ts';

export function timestampOfMs(ms: number): TimestampInput {
  const seconds = Math.floor(ms / 1000);
  return { seconds, nanos: Math.round((ms - seconds * 1000) * 1e6) % 1e9 };
}

/** From nanoseconds since the epoch, not before it. */
export function timestampOfNs(ns: bigint): TimestampInput {
  return { seconds: Number(ns / 1_000_000_000n), nanos: Number(ns % 1_000_000_000n) };
}
