/** The capabilities that open more calls, by their bit (include/uapi/linux/capability.h). */
export const capabilityBits = {
  DAC_READ_SEARCH: 2,
  SYS_MODULE: 16,
  SYS_RAWIO: 17,
  SYS_CHROOT: 18,
  SYS_PTRACE: 19,
  SYS_PACCT: 20,
  SYS_ADMIN: 21,
  SYS_BOOT: 22,
  SYS_NICE: 23,
  SYS_TIME: 25,
  SYS_TTY_CONFIG: 26,
  SYSLOG: 34,
  PERFMON: 38,
  BPF: 39,
} as const;

export type CapabilityBit = keyof typeof capabilityBits;

/** The capabilities of a set that change the filter. */
export function relevantCapabilities(set: bigint): CapabilityBit[] {
  const names = Object.keys(capabilityBits) as CapabilityBit[];
  return names.filter((name) => ((set >> BigInt(capabilityBits[name])) & 1n) === 1n);
}
