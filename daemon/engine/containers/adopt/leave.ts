import type { EngineContext } from '../../context.ts';

/** Disconnects from all shims. They go on without a daemon and keep what the next one has to know. */
export function leave(context: EngineContext): void {
  context.leaving.abort();
  for (const container of context.registry.all()) {
    const { run } = container;
    if (!run) continue;
    run.unsupervise();
    run.loseShim()?.leave();
    for (const process of run.processes) process.clients.drop();
  }
}
