/** One rule on device nodes. Later rules win over earlier ones. */
export interface DeviceRule {
  readonly allow: boolean;
  readonly type: 'c' | 'b';
  /** Null: every one. */
  readonly major: number | null;
  readonly minor: number | null;
  /** Some of r (read), w (write), m (mknod). */
  readonly access: string;
}

function allow(type: 'c' | 'b', major: number | null, minor: number | null, access = 'rwm'): DeviceRule {
  return { allow: true, type, major, minor, access };
}

/** What every container may use, as in runc: nodes may be made of any kind, but only these opened. */
export const defaultDeviceRules: readonly DeviceRule[] = [
  allow('c', null, null, 'm'),
  allow('b', null, null, 'm'),
  // null, zero, full, random, urandom
  allow('c', 1, 3),
  allow('c', 1, 5),
  allow('c', 1, 7),
  allow('c', 1, 8),
  allow('c', 1, 9),
  // tty, console, ptmx, pts/*
  allow('c', 5, 0),
  allow('c', 5, 1),
  allow('c', 5, 2),
  allow('c', 136, null),
];
