import type { Viewer } from '../../../common/files/tree.ts';
import type { HostProcess } from '../../kernel/process/host-process.ts';
import { filesGone } from '../containers/life/remove-record.ts';
import { inTurn } from '../containers/life/turn.ts';
import type { Container } from '../containers/model/container.ts';
import type { FileUse } from '../containers/model/file-uses.ts';
import { livePhase } from '../containers/model/phase.ts';
import { holdRoot } from '../containers/verbs/hold.ts';
import type { EngineContext } from '../context.ts';

/** A container's files, in use until this is disposed of, which waits for the helpers. */
export interface OpenFiles extends AsyncDisposable {
  /** Of all that is done with the files: aborts with the call, or once the container starts again or is removed. */
  readonly signal: AbortSignal;
  /** Sees the files until it settles. */
  add(helper: Promise<unknown>): void;
}

/** A container's root with its mounts, in use. */
export interface OpenRoot extends OpenFiles {
  readonly process: HostProcess & Viewer;
}

/**
 * The root as a process of the container sees it. Where the container does not run, its root is mounted for the time, and other verbs wait;
 * a forced removal does not.
 */
export async function openRoot(
  context: EngineContext,
  container: Container,
  signal: AbortSignal,
): Promise<OpenRoot> {
  const opened = await open<HostProcess>(context, container, signal, async (held) => {
    await using holder = await holdRoot(context, container);
    await held(holder.process);
  });
  return asOpenRoot(opened);
}

/** The main process of a container that runs, and is not about to end. */
export function runningMain(container: Container): HostProcess | null {
  return (container.run?.ending ? null : livePhase(container.phase)?.main) ?? null;
}

/** As `openRoot`, for a use without end, which must not keep the container from its start. Null: it does not run. */
export function openRunningRoot(container: Container, signal: AbortSignal): OpenRoot | null {
  const main = runningMain(container);
  return main && asOpenRoot(live(container, main, signal));
}

/** As `openRoot`, but nothing is mounted: the container's own layer is used on the disk. */
export async function openLayer(
  context: EngineContext,
  container: Container,
  signal: AbortSignal,
): Promise<OpenFiles> {
  return asOpenFiles(await open(context, container, signal, (held) => held(null)));
}

interface Opened<T> extends AsyncDisposable {
  readonly process: T;
  readonly use: FileUse;
}

/** `hold` calls `held` with what it has, and lets go when that resolves. */
async function open<T>(
  context: EngineContext,
  container: Container,
  signal: AbortSignal,
  hold: (held: (process: T) => Promise<void>) => Promise<void>,
): Promise<Opened<T | HostProcess>> {
  const opened = Promise.withResolvers<Opened<T | HostProcess>>();
  const main = runningMain(container);
  if (main) return live(container, main, signal);
  const turn = inTurn(context, container, async () => {
    signal.throwIfAborted();
    await container.run?.ending;
    await container.shimEnded;
    if (container.removed) context.registry.find(container.id);
    // Started while this waited: then there is nothing to hold.
    const started = livePhase(container.phase)?.main;
    if (started) return opened.resolve(live(container, started, signal));
    if (container.unwanted) throw filesGone(container);
    const done = Promise.withResolvers<void>();
    using use = container.fileUses.begin(signal);
    await hold(async (process) => {
      const dispose = async (): Promise<void> => {
        done.resolve();
        await turn;
      };
      opened.resolve({ process, use, [Symbol.asyncDispose]: dispose });
      // A client may hear of the end much later, if it does not read.
      await Promise.race([done.promise, aborted(use.signal)]);
      await use.settled();
    });
  });
  turn.catch(opened.reject);
  return await opened.promise;
}

function live(container: Container, process: HostProcess, signal: AbortSignal): Opened<HostProcess> {
  const use = container.fileUses.begin(signal);
  return {
    process,
    use,
    async [Symbol.asyncDispose]() {
      await use.settled();
      use[Symbol.dispose]();
    },
  };
}

function asOpenRoot(opened: Opened<HostProcess>): OpenRoot {
  const { process, use } = opened;
  return {
    ...asOpenFiles(opened),
    process: { pid: process.pid, startTime: process.startTime, onHelper: (ended) => use.add(ended) },
  };
}

function asOpenFiles({ use, ...opened }: Opened<unknown>): OpenFiles {
  return {
    signal: use.signal,
    add: (helper) => use.add(helper),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
