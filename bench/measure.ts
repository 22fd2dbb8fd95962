import { goOn } from './interrupt.ts';

/** One measured run: the total and the times of its parts, in milliseconds. */
export interface Sample {
  readonly ms: number;
  readonly parts?: Readonly<Record<string, number>>;
}

export interface Contestant {
  readonly name: string;
  /** A slow contestant takes part in every nth round only. */
  readonly every?: number;
  run(): Promise<Sample>;
}

export interface Summary {
  readonly count: number;
  readonly median: number;
  readonly p90: number;
  readonly p99: number;
  readonly min: number;
}

/**
 * Runs all contestants in turn, in a different order each round, so that a disturbance affects all of them
 * alike. The first rounds are not counted.
 */
export async function interleave(
  contestants: readonly Contestant[],
  { rounds, warmUp }: { readonly rounds: number; readonly warmUp: number },
): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>(contestants.map(({ name }) => [name, []]));
  for (let round = -warmUp; round < rounds; round++) {
    for (let place = 0; place < contestants.length; place++) {
      const contestant = contestants[(place + round + warmUp) % contestants.length];
      if (contestant === undefined || round % (contestant.every ?? 1) !== 0) continue;
      goOn();
      const sample = await contestant.run();
      if (round >= 0) samples.get(contestant.name)?.push(sample);
    }
  }
  return samples;
}

export function summarize(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { count: sorted.length, median: at(0.5), p90: at(0.9), p99: at(0.99), min: at(0) };
}

/** Times an action, which returns the times of its parts. */
export async function timed(
  action: () => Promise<Readonly<Record<string, number>> | undefined>,
): Promise<Sample> {
  const start = performance.now();
  const parts = await action();
  const ms = performance.now() - start;
  return parts === undefined ? { ms } : { ms, parts };
}
