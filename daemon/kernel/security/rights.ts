import { containerCapabilities } from './capabilities.ts';
import { type ExecLabel, execLabel, type LabelRequest } from './labels.ts';
import { type LandlockRequest, type LandlockRules, landlockRules } from './landlock.ts';
import { type RequestedRlimit, type ResolvedRlimit, resolveRlimits } from './rlimits.ts';
import { type SeccompFilter, seccompFilter } from './seccomp/filter.ts';
import { requireStart, type StartOptions } from './seccomp/start-calls.ts';

/** What a process may do. */
export interface Rights {
  /** Bit set, in the order of <linux/capability.h>. */
  readonly capabilities: bigint;
  readonly rlimits: readonly ResolvedRlimit[];
  /** Null: no filter. */
  readonly seccomp: SeccompFilter | null;
  /** Null: likerd's own. */
  readonly label: ExecLabel | null;
  /** All of them hold. */
  readonly landlock: readonly LandlockRules[];
}

/**
 * The rights of a process in a container. Throws BAD_ARGUMENT for an unknown capability or limit or an invalid seccomp profile,
 * NOT_PERMITTED for a capability or limit that likerd lacks, SECURITY_MISSING for what the kernel lacks.
 */
export function rightsOf(
  container: LabelRequest & {
    readonly capAdd: readonly string[];
    readonly capDrop: readonly string[];
    readonly seccompUnconfined: boolean;
    /** JSON; empty for the built-in one. */
    readonly seccompProfile: string;
  },
  process: StartOptions & {
    readonly privileged: boolean;
    readonly rlimits: readonly RequestedRlimit[];
    readonly landlock: readonly (LandlockRequest | null)[];
  },
): Rights {
  const { privileged, rlimits, landlock } = process;
  const capabilities = containerCapabilities({
    add: container.capAdd,
    drop: container.capDrop,
    privileged,
  });
  const seccomp =
    privileged || container.seccompUnconfined ? null : seccompFilter(container.seccompProfile, capabilities);
  if (seccomp && container.seccompProfile !== '') requireStart(seccomp.program, process);
  return {
    capabilities,
    rlimits: resolveRlimits(rlimits),
    seccomp,
    label: execLabel(container),
    landlock: landlock.flatMap((request) => (request && landlockRules(request)) ?? []),
  };
}
