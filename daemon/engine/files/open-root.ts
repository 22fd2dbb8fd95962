import type { HostProcess } from '../../kernel/process/host-process.ts';
import { inTurn } from '../containers/life/turn.ts';
import type { Container } from '../containers/model/container.ts';
import { livePhase } from '../containers/model/phase.ts';
import { holdRoot } from '../containers/verbs/hold.ts';
import type { EngineContext } from '../context.ts';

/** A container's root with its mounts, in use. */
export interface OpenRoot extends AsyncDisposable {
  readonly process: HostProcess;
}

/**
 * The root as a process of the container sees it. Where the container does not run, its root is mounted for the time, and other verbs wait.
 */
export async function openRoot(context: EngineContext, container: Container): Promise<OpenRoot> {
  const live = livePhase(container.phase);
  if (live) return { process: live.main, async [Symbol.asyncDispose]() {} };
  const opened = Promise.withResolvers<HostProcess>();
  const done = Promise.withResolvers<void>();
  const turn = inTurn(context, container, async () => {
    await container.run?.ending;
    await container.shimEnded;
    if (container.removed) context.registry.find(container.id);
    // Started while this waited: then there is nothing to hold.
    const main = livePhase(container.phase)?.main;
    if (main) return opened.resolve(main);
    await using holder = await holdRoot(context, container);
    opened.resolve(holder.process);
    await done.promise;
  });
  turn.catch(opened.reject);
  return {
    process: await opened.promise,
    async [Symbol.asyncDispose]() {
      done.resolve();
      await turn;
    },
  };
}
