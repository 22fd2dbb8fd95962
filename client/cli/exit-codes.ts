import { constants } from 'node:os';

/** The exit code for an invalid command line, and for an engine that fails to run a container. */
export const engineFailureCode = 125;

/** The exit code that a shell reports for a program killed by this signal. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
