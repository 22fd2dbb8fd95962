/** Where a likerctl finds its daemon. */
export interface Host {
  readonly socket: string;
}

export interface Outcome {
  /** As a shell shows it: 128 + n for a signal. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Bytes of stdout. */
  readonly bytes: Buffer;
}
