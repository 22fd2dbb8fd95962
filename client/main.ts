import { asError } from '../common/errors.ts';
import { tellSystemError } from '../common/exhausted.ts';
import { engineFailureCode, signalExitCode } from './cli/exit-codes.ts';
import { dispatch, type Failure, report } from './dispatch.ts';
import { flush, useDescriptors } from './output/streams.ts';

const failure: Failure = { code: engineFailureCode };

function lastResort(thrown: unknown): never {
  process.exit(report(asError(thrown), failure.code));
}

function onOutputError(error: NodeJS.ErrnoException): void {
  // The reader has gone, as in `likerctl logs x | head`, or the terminal has (EIO).
  if (error.code === 'EPIPE' || error.code === 'EIO') process.exit(signalExitCode('SIGPIPE'));
  lastResort(tellSystemError(error, 'write the output'));
}

/** Without a listener Node.js would open a debugger port. A session adds its own listener, which forwards the signal. */
function onSigusr1(): void {
  if (process.listenerCount('SIGUSR1') === 1) process.exit(signalExitCode('SIGUSR1'));
}

process.on('SIGUSR1', onSigusr1);
process.on('uncaughtException', lastResort);
process.on('unhandledRejection', lastResort);
useDescriptors(onOutputError);

/** Flushes all output before the process ends. */
async function main(): Promise<never> {
  const code = await dispatch(process.argv.slice(2), failure);
  await flush();
  process.exit(code);
}

void main();
