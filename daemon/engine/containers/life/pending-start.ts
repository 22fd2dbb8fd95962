import { LikerError } from '../../../../common/errors.ts';
import type { StartFailure } from '../../../kernel/process/reports.ts';
import type { Container } from '../model/container.ts';
import type { Run } from '../model/run.ts';
import { startError } from './start-error.ts';

/** A start that takes longer hangs in a file system that does not answer: even a busy disk answers sooner. */
const startMs = 120_000;

/**
 * Resolves when the shim says that the process has started; rejects with the step that failed, or with TIMED_OUT: then its
 * processes must be killed, and may remain until that file system is gone.
 */
export async function awaitStart(container: Container, run: Run, number: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  run.pendingStarts.set(number, { resolve, reject });
  const timer = setTimeout(() => {
    // Plugins have a limit of their own.
    if (container.cni?.stop) return void timer.refresh();
    run.pendingStarts.delete(number);
    reject(startHangs(container, number));
  }, startMs).unref();
  try {
    await promise;
  } finally {
    clearTimeout(timer);
  }
}

/** `failure`: the step that failed, why the shim is lost, or any other error; null: it has started. */
export function settleStart(
  container: Container,
  run: Run,
  number: number,
  failure: StartFailure | { readonly fault: Error | null } | Error | null,
): void {
  const pending = run.pendingStarts.get(number);
  run.pendingStarts.delete(number);
  if (!pending) return;
  if (failure === null) pending.resolve();
  else if (failure instanceof Error) pending.reject(failure);
  else if ('fault' in failure) {
    const why = failure.fault?.message ?? 'its shim was lost before it answered';
    pending.reject(new LikerError('SHIM_LOST', `Cannot start ${named(container, number)}: ${why}`));
  } else pending.reject(startError(named(container, number), failure));
}

function startHangs(container: Container, number: number): LikerError {
  return new LikerError(
    'TIMED_OUT',
    `Cannot start ${named(container, number)}: it has been hanging for ${startMs / 1000} s; look for a file system in its root or mounts that does not respond`,
    { metadata: { container: container.id } },
  );
}

function named({ name }: Container, number: number): string {
  return number === 0 ? `container '${name}'` : `the process in container '${name}'`;
}
