import type { Stage } from '../api.ts';

const betweenReportsMs = 100;

/** Passes on a change of the stage, and else at most ten reports in a second. */
export function paced<Rest extends readonly unknown[]>(
  report: (stage: Stage, ...rest: Rest) => void,
): (stage: Stage, ...rest: Rest) => void {
  let last: Stage | null = null;
  let nextAt = 0;
  return (stage, ...rest) => {
    const now = performance.now();
    if (stage === last && now < nextAt) return;
    last = stage;
    nextAt = now + betweenReportsMs;
    report(stage, ...rest);
  };
}
