/** Docker's time of what has not happened. */
export const never = '0001-01-01T00:00:00Z';

/** RFC 3339 of milliseconds since the epoch. */
export function timeText(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? never : new Date(ms).toISOString();
}

/** With all nine digits, of nanoseconds since the epoch. */
export function timeTextOfNs(ns: bigint): string {
  const fraction = String(ns % 1_000_000_000n).padStart(9, '0');
  return `${new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 19)}.${fraction}Z`;
}
