import type { EngineContext } from '../../context.ts';

/** Disconnects from all shims. They go on without a daemon and keep what the next one has to know. */
export function leave(context: EngineContext): void {
  context.leaving.abort();
  for (const container of context.registry.all()) {
    const { shim } = container;
    container.shim = null;
    container.healthWatch?.abort();
    shim?.leave();
    for (const process of [container.main, ...container.execs.values()]) process?.clients.drop();
  }
}
