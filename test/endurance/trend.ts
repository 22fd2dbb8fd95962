/** One look at something that is to stay as it is. */
export interface Sample {
  readonly hours: number;
  readonly value: number;
}

export interface Trend {
  /** Of the line that fits best (least squares). */
  readonly perHour: number;
  /** How far the samples are from that line: standard deviation. */
  readonly noise: number;
  /** How sure the slope is: its own standard deviation. */
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

/** Growth that noise does not explain, and of more than `tolerated` an hour. */
export function grows({ perHour, perHourError }: Trend, tolerated: number): boolean {
  return perHour - 3 * perHourError > tolerated;
}
