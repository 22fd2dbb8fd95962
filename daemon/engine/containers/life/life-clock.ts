import type { Run } from '../model/run.ts';
import type { SupervisedRun } from './supervision.ts';

/** The main process is `ageMs` old: from here on its life is measured and supervised. */
export function startLifeClock(run: Run, ageMs: number): SupervisedRun {
  run.startedSteadyMs = performance.now() - ageMs;
  return { ageMs, signal: run.supervise() };
}
