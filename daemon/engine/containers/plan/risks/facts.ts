import type { DeviceRule } from '../../../../kernel/cgroup/device-rules.ts';
import type { CgroupWrite } from '../../../../kernel/cgroup/preview.ts';
import type { DeviceNode } from '../../../../kernel/devices/nodes.ts';
import { type CapabilityName, capability } from '../../../../kernel/security/capabilities.ts';
import type { ContainerSpec } from '../../model/spec.ts';
import type { SeccompFacts } from '../step-words.ts';
import { isRoot } from '../user.ts';
import type { Severity } from './places.ts';

/** A file or folder of the host that the container has. */
export interface HostMount {
  /** As it was given, and where that leads, without links. */
  readonly source: string;
  readonly path: string;
  readonly target: string;
  readonly writable: boolean;
  /** Root inside has root's rights on it: there are the host's ids, or the mount maps them. */
  readonly asRoot: boolean;
  readonly shared: boolean;
}

/** What the risks of a container are told from. */
export interface RiskFacts {
  readonly spec: ContainerSpec;
  /** likerd is run by root of the host, and not by an ordinary user. */
  readonly engineIsRoot: boolean;
  /** It has a user namespace of its own, or shares that of another container. */
  readonly isMapped: boolean;
  /** Why it has no user namespace of its own, though that is the default; empty: nothing else was asked for. */
  readonly whyUnmapped: string;
  /** What a process inside can have. */
  readonly capabilities: bigint;
  /** Null: no filter of system calls. */
  readonly filter: Pick<SeccompFacts, 'profile' | 'defaultAction'> | null;
  /** Paths of /proc and /sys that it cannot change. */
  readonly readOnlyPaths: readonly string[];
  /** What is written to its control groups. */
  readonly cgroupWrites: readonly CgroupWrite[];
  /** The root first, if it is a directory. */
  readonly mounts: readonly HostMount[];
  readonly devices: readonly DeviceNode[];
  readonly deviceRules: readonly DeviceRule[];
  /** Addresses of the host at which ports are published that name none. */
  readonly publishAddresses: readonly string[];
  /** Folders of likerd. */
  readonly engineFolders: readonly string[];
  /** Sockets by which somebody can do what root can, and whose they are. */
  readonly engineSockets: readonly (readonly [path: string, engine: string])[];
  /** Names of other containers by their id. */
  readonly nameOf: (id: string) => string;
}

/** What a rule has found. */
export interface Found {
  readonly severity: Severity;
  readonly text: string;
}

export function when(applies: boolean, severity: Severity, text: string): Found[] {
  return applies ? [{ severity, text }] : [];
}

/** Whether root inside is root of the host. */
export function isHostRoot({ engineIsRoot, isMapped }: RiskFacts): boolean {
  return engineIsRoot && !isMapped;
}

export function startsAsRoot({ process }: ContainerSpec): boolean {
  return isRoot(process.user.split(':', 1)[0] ?? '');
}

/** Or may become root, by a setuid program. */
export function mayBeRoot(spec: ContainerSpec): boolean {
  return startsAsRoot(spec) || !spec.process.noNewPrivileges;
}

/** What keeps a user from doing what root may; empty where a process may be root. */
export function asFarAsUserMay(spec: ContainerSpec): string {
  return mayBeRoot(spec) ? '' : `, as far as user ${spec.process.user} may`;
}

export function hasCapability({ capabilities }: RiskFacts, name: CapabilityName): boolean {
  return (capabilities & capability(name)) !== 0n;
}
