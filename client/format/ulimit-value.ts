/** As Docker shows it: -1 for no limit, which arrives as 2^64 (2^64 - 1, rounded). */
export function ulimitValue(value: number): number {
  return value >= 2 ** 64 ? -1 : value;
}
