import { isInterrupted } from './interrupt.ts';
import { interleave, type Sample } from './measure.ts';
import { type Aim, type Row, rowOf } from './report.ts';

export interface Racer {
  readonly name: string;
  /** Another engine: it may be unable to do the work. */
  readonly isPeer: boolean;
  turn(): Promise<Sample>;
}

/**
 * Has all do the same work, and returns their rows, in seconds. Peers, which take longest, do it every other time. The first turn, which
 * does not count, shows who can: an old docker does not know zstd.
 */
export async function race(
  racers: readonly Racer[],
  rounds: number,
): Promise<{ readonly rows: readonly Row[]; readonly notes: readonly string[] }> {
  const able: Racer[] = [];
  const notes: string[] = [];
  for (const racer of racers) {
    try {
      await racer.turn();
      able.push(racer);
    } catch (error) {
      if (isInterrupted() || !racer.isPeer) throw error;
      notes.push(`${racer.name} cannot`);
    }
  }
  const samples = await interleave(
    able.map(({ name, isPeer, turn }) => ({ name, every: isPeer ? 2 : 1, run: turn })),
    { rounds, warmUp: 0 },
  );
  const rows = [...samples].map(([name, of]) =>
    rowOf(
      name,
      of.map(({ ms }) => ms / 1000),
    ),
  );
  return { rows, notes };
}

/** Aims at no more than `factor` times the time of the fastest of `others`. */
export function atMost(
  factor: number,
  others: readonly Row[],
  { work, row }: Pick<Aim, 'work' | 'row'>,
): Aim {
  const [fastest] = others.toSorted((a, b) => a.median - b.median);
  const bound = fastest === undefined ? `${factor} of the fastest peer's` : `${factor} of ${fastest.name}'s`;
  return { work, row, limit: fastest === undefined ? null : fastest.median * factor, bound };
}
