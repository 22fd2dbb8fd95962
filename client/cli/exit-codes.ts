import { constants } from 'node:os';

/** Exit code of a command line that cannot be understood, and of an engine that fails a run. */
export const engineFailureCode = 125;

/** The exit code that a shell reports for a program killed by this signal. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
