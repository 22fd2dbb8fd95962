import * as v from 'valibot';
import { fields, type Of, orNull } from '../../../common/schema.ts';

/** One rule for device nodes. Later rules override earlier ones. */
export const deviceRuleSchema = fields({
  allow: v.boolean(),
  type: v.picklist(['c', 'b']),
  /** Null: any. */
  major: orNull(v.number()),
  minor: orNull(v.number()),
  /** Some of r (read), w (write), m (mknod). */
  access: v.string(),
});
export interface DeviceRule extends Of<typeof deviceRuleSchema> {}

/** The kernel's limits of a device number (MINORBITS). */
export const mostMajor = 2 ** 12 - 1;
export const mostMinor = 2 ** 20 - 1;

/** At least one of the three letters, each at most once. */
export function isDeviceAccess(access: string): boolean {
  return /^[rwm]{1,3}$/.test(access) && new Set(access).size === access.length;
}

function allow(type: 'c' | 'b', major: number | null, minor: number | null, access = 'rwm'): DeviceRule {
  return { allow: true, type, major, minor, access };
}

/**
 * What every container may use: runc's list (AllowedDevices of libcontainer/specconv). A container may make any node, but
 * open only these. The host's console, 5:1, is not in the list: the container's own console is a pts.
 */
export const defaultDeviceRules: readonly DeviceRule[] = [
  allow('c', null, null, 'm'),
  allow('b', null, null, 'm'),
  // null, zero, full, random, urandom
  allow('c', 1, 3),
  allow('c', 1, 5),
  allow('c', 1, 7),
  allow('c', 1, 8),
  allow('c', 1, 9),
  // tty, ptmx, pts/*
  allow('c', 5, 0),
  allow('c', 5, 2),
  allow('c', 136, null),
  // net/tun, which needs CAP_NET_ADMIN
  allow('c', 10, 200),
];

/** Whether `rule` applies to every device of `other`. */
export function covers(rule: DeviceRule, other: DeviceRule): boolean {
  const has = (wide: number | null, narrow: number | null): boolean => wide === null || wide === narrow;
  return rule.type === other.type && has(rule.major, other.major) && has(rule.minor, other.minor);
}

/** Whether both can apply to one device. */
export function meet(rule: DeviceRule, other: DeviceRule): boolean {
  const both = (a: number | null, b: number | null): boolean => a === null || b === null || a === b;
  return rule.type === other.type && both(rule.major, other.major) && both(rule.minor, other.minor);
}

function union(rules: DeviceRule[], rule: DeviceRule): DeviceRule[] {
  const same = rules.find((other) => other.allow && covers(other, rule) && covers(rule, other));
  if (same === undefined) return [...rules, rule];
  const access = [...new Set(same.access + rule.access)].join('');
  return [...rules.filter((other) => other !== same), { ...rule, access }];
}

function without(allowed: DeviceRule, denied: DeviceRule): DeviceRule[] {
  const access = [...allowed.access].filter((letter) => !denied.access.includes(letter)).join('');
  if (access === allowed.access) return [allowed];
  return access === '' ? [] : [{ ...allowed, access }];
}

/**
 * Equivalent rules in a simpler form: one rule allows each set of devices, with every allowed access, and what a later rule
 * denies is allowed only by a wider rule.
 */
export function settled(rules: readonly DeviceRule[]): DeviceRule[] {
  return rules.reduce<DeviceRule[]>((before, rule) => {
    if (rule.allow) return union(before, rule);
    const left = before.flatMap((other) =>
      other.allow && covers(rule, other) ? without(other, rule) : other,
    );
    return [...left, rule];
  }, []);
}
