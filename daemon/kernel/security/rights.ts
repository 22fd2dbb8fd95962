import { containerCapabilities } from './capabilities.ts';
import { type RequestedRlimit, type ResolvedRlimit, resolveRlimits } from './rlimits.ts';
import { seccompFilter } from './seccomp/filter.ts';

/** What a process may do. */
export interface Rights {
  /** Bit set, in the order of <linux/capability.h>. */
  readonly capabilities: bigint;
  readonly rlimits: readonly ResolvedRlimit[];
  /** Null: no filter. */
  readonly seccomp: Uint8Array | null;
}

/**
 * The rights of a process in a container. Throws BAD_ARGUMENT for an unknown capability or limit, NOT_PERMITTED for one that
 * likerd lacks.
 */
export function rightsOf(
  container: {
    readonly capAdd: readonly string[];
    readonly capDrop: readonly string[];
    readonly seccompUnconfined: boolean;
  },
  { privileged, rlimits }: { readonly privileged: boolean; readonly rlimits: readonly RequestedRlimit[] },
): Rights {
  const capabilities = containerCapabilities({
    add: container.capAdd,
    drop: container.capDrop,
    privileged,
  });
  return {
    capabilities,
    rlimits: resolveRlimits(rlimits),
    seccomp: privileged || container.seccompUnconfined ? null : seccompFilter(capabilities),
  };
}
