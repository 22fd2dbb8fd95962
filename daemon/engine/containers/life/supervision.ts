import type { ExitStatus } from '../../process/exit-status.ts';
import type { ContainerProcess } from '../../sessions/process.ts';
import type { Container } from '../model/container.ts';
import type { Run } from '../model/run.ts';
import type { HealthCheck } from '../model/spec.ts';

export type FailureAction = Exclude<HealthCheck['onFailure'], 'none'>;

export interface SupervisedRun {
  /** Since its start. */
  readonly ageMs: number;
  /** Aborted when the run is over, or supervised anew. */
  readonly signal: AbortSignal;
}

/** The main process is `ageMs` old: from here on its life is measured and supervised. */
export function startLifeClock(run: Run, ageMs: number): SupervisedRun {
  run.startedSteadyMs = performance.now() - ageMs;
  return { ageMs, signal: run.supervise() };
}

/**
 * Decides what follows from what happens to a container: restart policy, health check, time limit, on_disconnect. life/ and
 * adopt/ report events here and call no verb; engine/supervisor.ts binds each event to its policy in supervise/.
 */
export interface Supervision {
  /** The main process runs. `adopted`: an earlier daemon supervised it until now. */
  running(container: Container, run: SupervisedRun & { readonly adopted: boolean }): void;
  /** The main process runs, and no shim of ours watches it any more. */
  orphaned(container: Container, run: SupervisedRun): void;
  /** A run has ended and everything it used is released. */
  over(container: Container, exit: ExitStatus): void;
  /** The connection to the shim ended before the main process did. */
  shimLost(container: Container): Promise<void>;
  /** The client that a process was started for is gone. */
  clientLost(container: Container, process: ContainerProcess): void;
  /** A health check has failed often enough. */
  unhealthy(container: Container, action: FailureAction): void;
  /** Plugins of CNI could not disconnect it; it may have been removed. */
  notDisconnected(id: string): void;
  /** Read from the records of an earlier daemon, and compared with its shim. */
  adopted(container: Container): void;
  /** Left by an earlier daemon without a shim that runs it. `freshBoot`: that was before the machine started anew. */
  left(container: Container, how: { readonly freshBoot: boolean }): void;
}
