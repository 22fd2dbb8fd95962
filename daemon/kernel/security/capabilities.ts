import { readFileSync } from 'node:fs';
import { badArgument, LikerError } from '../../../common/errors.ts';
import { isHostsMap } from '../../../common/hosts-map.ts';

/** Names of the capabilities in the order of their bits, without CAP_ (include/uapi/linux/capability.h). */
export const allCapabilities = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
  'MAC_OVERRIDE',
  'MAC_ADMIN',
  'SYSLOG',
  'WAKE_ALARM',
  'BLOCK_SUSPEND',
  'AUDIT_READ',
  'PERFMON',
  'BPF',
  'CHECKPOINT_RESTORE',
] as const;

export type CapabilityName = (typeof allCapabilities)[number];

const bits: ReadonlyMap<string, bigint> = new Map(
  allCapabilities.map((name, bit) => [name, 1n << BigInt(bit)]),
);

/** The bit of one capability. */
export function capability(name: CapabilityName): bigint {
  return bits.get(name) ?? 0n;
}

function union(names: readonly CapabilityName[]): bigint {
  return names.reduce((set, name) => set | capability(name), 0n);
}

/** The default set of a container: Docker's fourteen. */
export const defaultCapabilities: bigint = union([
  'CHOWN',
  'DAC_OVERRIDE',
  'FSETID',
  'FOWNER',
  'MKNOD',
  'NET_RAW',
  'SETGID',
  'SETUID',
  'SETFCAP',
  'SETPCAP',
  'NET_BIND_SERVICE',
  'SYS_CHROOT',
  'KILL',
  'AUDIT_WRITE',
]);

/** The CAP_ names of a set, in the order of the bits; an unknown bit is CAP_n. */
export function capabilityNames(set: bigint): string[] {
  const names: string[] = [];
  for (let bit = 0; set >> BigInt(bit) !== 0n; bit += 1) {
    if (((set >> BigInt(bit)) & 1n) === 1n) names.push(`CAP_${allCapabilities[bit] ?? bit}`);
  }
  return names;
}

/** What a process with this /proc/PID/status can pass on: the bits in both its bounding and its effective set. */
export function parseCapabilities(status: string): bigint {
  const set = (line: string): bigint =>
    BigInt(`0x${new RegExp(`^${line}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1] ?? '0'}`);
  return set('CapBnd') & set('CapEff');
}

let own: bigint | null = null;

/** What likerd can pass on. Read once, since it never drops any. */
export function daemonCapabilities(): bigint {
  own ??= parseCapabilities(readFileSync('/proc/self/status', 'latin1'));
  return own;
}

/** What likerd may do to the host itself: nothing where its capabilities are those of another user namespace. */
export function capabilitiesOnHost(): bigint {
  return isHostsMap(readFileSync('/proc/self/uid_map', 'latin1')) ? daemonCapabilities() : 0n;
}

/** The bit of a name such as NET_ADMIN or cap_net_admin; null for ALL. */
function parseCapability(text: string, field: string): bigint | null {
  const name = text.trim().toUpperCase().replace(/^CAP_/, '');
  if (name === 'ALL') return null;
  const bit = bits.get(name);
  if (bit !== undefined) return bit;
  throw badArgument(
    field,
    `Unknown capability '${text}': see capabilities(7) for the names, such as NET_ADMIN`,
  );
}

/** Throws BAD_ARGUMENT for a name that there is not. */
export function checkCapabilities(names: readonly string[], field: string): void {
  for (const [index, name] of names.entries()) parseCapability(name, `${field}[${index}]`);
}

export interface CapabilityRequest {
  readonly add: readonly string[];
  readonly drop: readonly string[];
  readonly privileged: boolean;
}

function requireHeld(wanted: bigint, held: bigint): void {
  const missing = capabilityNames(wanted & ~held);
  if (missing.length === 0) return;
  throw new LikerError(
    'NOT_PERMITTED',
    `Cannot add ${missing.join(', ')}: the daemon itself does not have it; start likerd with it, or leave it out`,
    { field: 'spec.cap_add', metadata: { capabilities: missing.join(','), field: 'spec.cap_add' } },
  );
}

/**
 * The capability set of a container. ALL and `privileged` mean all that likerd has. Throws NOT_PERMITTED for a named capability
 * that likerd lacks, BAD_ARGUMENT for an unknown name. One that is both added and dropped by name is added, as in Docker.
 */
export function containerCapabilities(
  request: CapabilityRequest,
  held: bigint = daemonCapabilities(),
): bigint {
  const drop = request.drop.map((text) => parseCapability(text, 'spec.cap_drop'));
  const add = request.add.map((text) => parseCapability(text, 'spec.cap_add'));
  const named = add.reduce<bigint>((set, bit) => set | (bit ?? 0n), 0n);
  requireHeld(named, held);
  if (request.privileged) return held;
  const dropped = drop.reduce<bigint>((set, bit) => set | (bit ?? 0n), 0n);
  const base = add.includes(null) ? held : drop.includes(null) ? 0n : defaultCapabilities;
  return ((base & ~dropped) | named) & held;
}
