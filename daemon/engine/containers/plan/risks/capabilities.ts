import type { CapabilityName } from '../../../../kernel/security/capabilities.ts';
import { type Found, hasCapability, isHostRoot, mayBeRoot, type RiskFacts, when } from './facts.ts';
import type { Severity } from './places.ts';

/** What a capability of the host's root gives, beyond those that containers have by default. */
const dangerous: readonly (readonly [CapabilityName, Severity, string])[] = [
  ['SYS_ADMIN', 'critical', 'can mount and administer nearly everything'],
  ['SYS_MODULE', 'critical', 'can load code into the kernel'],
  ['SYS_RAWIO', 'critical', 'can use I/O ports and raw devices'],
  [
    'DAC_READ_SEARCH',
    'critical',
    'can read any file of a mounted file system of the host (open_by_handle_at)',
  ],
  ['SYS_BOOT', 'high', 'can load another kernel (kexec)'],
  ['BPF', 'high', 'can load programs into the kernel (eBPF)'],
  ['MAC_ADMIN', 'high', 'can change the rules of security modules'],
  ['MAC_OVERRIDE', 'high', 'is not bound by security modules'],
  ['PERFMON', 'high', 'can watch the kernel and all processes (perf)'],
  ['SYS_TIME', 'high', 'can set the clock of the host'],
  ['AUDIT_CONTROL', 'medium', 'can switch the audit of the host off'],
  ['CHECKPOINT_RESTORE', 'medium', 'can choose process ids, and read memory maps'],
  ['SYSLOG', 'medium', 'can read and clear the log of the kernel'],
  ['SYS_NICE', 'medium', 'can take the CPU from other processes'],
  ['SYS_PTRACE', 'medium', 'can read and change every process that it sees'],
  ['SYS_RESOURCE', 'medium', 'can exceed limits of processes and quotas of disks'],
];

/** Those that reach parts of the kernel which nobody without rights reaches, also in a user namespace. */
const exposing: readonly (readonly [CapabilityName, string])[] = [
  ['SYS_ADMIN', 'can mount, and use parts of the kernel that are meant for root'],
  ['NET_ADMIN', 'can use packet filters and other parts of the kernel that are meant for root'],
];

export function capabilityRisks(facts: RiskFacts): Found[] {
  // Said as a whole, or out of reach.
  if (facts.spec.process.privileged || !mayBeRoot(facts.spec)) return [];
  if (!isHostRoot(facts))
    return exposing
      .filter(([name]) => hasCapability(facts, name))
      .flatMap(([name, what]) => when(true, 'low', `${what}, within its user namespace, with CAP_${name}`));
  return dangerous
    .filter(([name]) => hasCapability(facts, name))
    .flatMap(([name, severity, what]) => when(true, severity, `${what}, with CAP_${name}`));
}
