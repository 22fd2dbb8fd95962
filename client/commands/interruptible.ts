import { signalExitCode } from '../cli/exit-codes.ts';

const endingSignals = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

/** Does work that cleans up after itself when one of the signals that end a program arrives. Returns the exit code. */
export async function interruptible(work: (signal: AbortSignal) => Promise<void>): Promise<number> {
  const interruption = new AbortController();
  let code = 0;
  for (const signal of endingSignals) {
    process.once(signal, () => {
      code = signalExitCode(signal);
      interruption.abort();
    });
  }
  try {
    await work(interruption.signal);
  } catch (error) {
    if (code === 0) throw error;
  }
  return code;
}
