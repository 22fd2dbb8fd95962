/** Limits; null leaves the kernel's default. Signed ones: -1 is "no limit". */
export interface Resources {
  readonly cpu: {
    readonly shares: number | null;
    readonly quotaUs: number | null;
    readonly periodUs: number | null;
    readonly cpusetCpus: string | null;
    readonly cpusetMems: string | null;
  };
  readonly memory: {
    readonly maxBytes: number | null;
    /** Memory plus swap, Docker's --memory-swap. */
    readonly memorySwapBytes: number | null;
  };
  readonly pids: { readonly max: number | null };
}

/** One limit as asked for and as the kernel took it. */
export interface AppliedLimit {
  readonly knob: string;
  readonly requested: string;
  /** Absolute path of the file it was written to; empty when it was not. */
  readonly file: string;
  readonly written: string;
  /** Text that was read back. */
  readonly effective: string;
  /** What prevented the write; empty when it was written. */
  readonly problem: string;
}

/** No limit at all. */
export const noLimits: Resources = {
  cpu: { shares: null, quotaUs: null, periodUs: null, cpusetCpus: null, cpusetMems: null },
  memory: { maxBytes: null, memorySwapBytes: null },
  pids: { max: null },
};
