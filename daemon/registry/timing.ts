/** How patient the client is. Milliseconds. */
export interface Timing {
  /** Without a byte for so long, a connection is given up. */
  readonly stallMs: number;
  /** A registry checks a whole blob before it answers an upload. */
  readonly answerMs: number;
  /** How long to try whether a host speaks TLS. */
  readonly probeMs: number;
  /** The first pause before another attempt; each is twice as long as the one before. */
  readonly pauseMs: number;
  readonly longestPauseMs: number;
  /** So long a download is measured before it is divided among several connections. */
  readonly rateMs: number;
  /** It is divided if the rest would take longer. */
  readonly longRestMs: number;
  /** A request that is limited (429) waits at most so long, if the registry says how long it takes. */
  readonly longestLimitMs: number;
}

export const usualTiming: Timing = {
  stallMs: 30_000,
  answerMs: 600_000,
  probeMs: 10_000,
  pauseMs: 250,
  longestPauseMs: 10_000,
  rateMs: 1000,
  longRestMs: 4000,
  longestLimitMs: 30_000,
};

/** How often a download goes on after its connection broke, without getting on, and how often a failing server is asked again. */
export const attempts = { download: 10, request: 3, upload: 3 } as const;

/** The pause before another attempt, after so many failures. */
export function pauseAfter({ pauseMs, longestPauseMs }: Timing, failures: number): number {
  return Math.min(pauseMs * 2 ** failures, longestPauseMs);
}
