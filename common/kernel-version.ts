import { release } from 'node:os';

export type KernelVersion = readonly [major: number, minor: number];

/** The version in the text of uname -r; without one, that of this machine. */
export function kernelVersion(text = release()): KernelVersion {
  const [major = 0, minor = 0] = text.split('.').map(Number.parseFloat);
  return [major, minor];
}

export function isAtLeast([major, minor]: KernelVersion, [leastMajor, leastMinor]: KernelVersion): boolean {
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}
