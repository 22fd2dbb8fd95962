import type { Timestamp } from '../../proto/gen/types/google/protobuf/Timestamp.ts';

type MaybeTimestamp = Timestamp | null | undefined;

/** Docker's zero time, for an event that has not happened. */
const zeroTime = '0001-01-01T00:00:00Z';

/** Milliseconds since the epoch; undefined for an event that has not happened. */
export function toMs(time: MaybeTimestamp): number | undefined {
  if (!time) return undefined;
  return time.seconds * 1000 + time.nanos / 1e6;
}

/** RFC 3339 with nanoseconds, in UTC, as in Docker's JSON: 2026-01-31T12:00:00.5Z. */
export function rfc3339(time: MaybeTimestamp): string {
  if (!time) return zeroTime;
  const fraction = String(time.nanos).padStart(9, '0').replace(/0+$/, '');
  return `${wholeSeconds(time)}${fraction === '' ? '' : `.${fraction}`}Z`;
}

/** RFC 3339 with all nine digits, in UTC, as in logs and events. */
export function rfc3339Nano(time: MaybeTimestamp): string {
  if (!time) return zeroTime;
  return `${wholeSeconds(time)}.${String(time.nanos).padStart(9, '0')}Z`;
}

function wholeSeconds(time: Timestamp): string {
  return new Date(time.seconds * 1000).toISOString().slice(0, 19);
}

/** 2026-01-31 12:00:00 +0000 UTC, as ps prints it. */
export function goTime(time: MaybeTimestamp): string {
  return `${wholeSeconds(time ?? { seconds: 0, nanos: 0 }).replace('T', ' ')} +0000 UTC`;
}

/** The message for nanoseconds since the epoch. */
export function fromNs(ns: bigint): { seconds: number; nanos: number } {
  return { seconds: Number(ns / 1_000_000_000n), nanos: Number(ns % 1_000_000_000n) };
}
