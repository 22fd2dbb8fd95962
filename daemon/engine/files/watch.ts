import { hasReason, LikerError } from '../../../common/errors.ts';
import type { FileEvent } from '../../../common/files/report.ts';
import type { Container } from '../containers/model/container.ts';
import type { EngineContext } from '../context.ts';
import { openRoot, openRunningRoot, runningMain } from './open-root.ts';

/** Each takes a process and an inotify instance, of which a user has 128 by default. */
const mostOfClient = 32;

/** The watches of each client, by its pid. */
export class Watches {
  readonly #counts = new Map<number, number>();

  /** Counts until it is disposed of. Rejects with TOO_MANY. */
  begin(client: number): Disposable {
    const count = (this.#counts.get(client) ?? 0) + 1;
    if (count > mostOfClient)
      throw new LikerError(
        'TOO_MANY',
        `Cannot watch more files: process ${client} has ${mostOfClient} watches; end one`,
      );
    this.#counts.set(client, count);
    return { [Symbol.dispose]: () => this.#end(client) };
  }

  #end(client: number): void {
    const count = (this.#counts.get(client) ?? 0) - 1;
    if (count > 0) this.#counts.set(client, count);
    else this.#counts.delete(client);
  }
}

/**
 * What happens at a path, in each run of the container. Between the runs nobody in the container changes anything, and the files are not in
 * use: "ready" at the next start says that others may have. Ends with an error alone: the signal's, PATH_NOT_FOUND, CONTAINER_NOT_FOUND.
 */
export async function* watchPath(
  context: EngineContext,
  container: Container,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<FileEvent, never> {
  if (!runningMain(container)) {
    await exists(context, container, path, signal);
    yield { kind: 'ready', name: '' };
  }
  for (;;) {
    while (!runningMain(container)) {
      context.registry.find(container.id);
      await container.changed.next(signal);
    }
    yield* duringRun(context, container, path, signal);
  }
}

async function exists(
  context: EngineContext,
  container: Container,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  await using root = await openRoot(context, container, signal);
  await context.files.stat(root.process, path, { follow: true }, root.signal);
}

async function* duringRun(
  { files }: EngineContext,
  container: Container,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<FileEvent, void> {
  const over = new AbortController();
  await using root = openRunningRoot(container, AbortSignal.any([signal, over.signal]));
  if (!root) return;
  const ended = endOfRun(container, root.signal).then(() => over.abort());
  try {
    yield* files.watch(root.process, path, root.signal);
  } catch (error) {
    if (signal.aborted) throw error;
    // The process has ended: what follows from that may take a moment.
    if (hasReason(error, 'WRONG_STATE')) await ended;
    else if (!root.signal.aborted) throw error;
  } finally {
    over.abort();
  }
}

/** Resolves when the present run is over, or by the signal. */
async function endOfRun(container: Container, signal: AbortSignal): Promise<void> {
  const { run } = container;
  try {
    while (container.run === run && runningMain(container)) await container.changed.next(signal);
  } catch {
    // The signal.
  }
}
