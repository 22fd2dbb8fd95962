import type { Engine } from '../engines/engine.ts';
import type { Lab } from '../lab.ts';
import type { Result } from '../report.ts';

export interface Bench {
  readonly lab: Lab;
  readonly peers: readonly Engine[];
  readonly quick: boolean;
}

/** One question, answered by one or more tables. */
export type Case = (bench: Bench) => Promise<Result | readonly Result[]>;
