/** A sample of a value that should stay constant. */
export interface Sample {
  readonly hours: number;
  readonly value: number;
}

export interface Trend {
  /** Slope of the best fit (least squares). */
  readonly perHour: number;
  /** Standard deviation of the samples from that line. */
  readonly noise: number;
  /** Standard deviation of the slope. */
  readonly perHourError: number;
}

export function trendOf(samples: readonly Sample[]): Trend {
  const n = samples.length;
  const mean = (of: (sample: Sample) => number) => samples.reduce((sum, sample) => sum + of(sample), 0) / n;
  const [middle, level] = [mean(({ hours }) => hours), mean(({ value }) => value)];
  const spread = n * mean(({ hours }) => (hours - middle) ** 2);
  const perHour = (n * mean(({ hours, value }) => (hours - middle) * (value - level))) / spread;
  const noise = Math.sqrt(mean(({ hours, value }) => (value - level - perHour * (hours - middle)) ** 2));
  return { perHour, noise, perHourError: noise / Math.sqrt(spread) };
}

/** Whether the growth exceeds both noise and `tolerated` per hour. */
export function grows({ perHour, perHourError }: Trend, tolerated: number): boolean {
  return perHour - 3 * perHourError > tolerated;
}
