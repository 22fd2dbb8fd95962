/** Where a likerctl finds its daemon. */
export interface Host {
  readonly socket: string;
  /** A program that executes likerctl, in place of that of this checkout. */
  readonly client?: string;
}

export interface Outcome {
  /** As in a shell: 128 + n for signal n. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Bytes of stdout. */
  readonly bytes: Buffer;
}
