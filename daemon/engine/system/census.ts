import type { State } from '../containers/model/phase.ts';
import type { Registry } from '../containers/model/registry.ts';

/** Containers by state, and clients that are attached to their processes. */
export function takeCensus(registry: Registry) {
  const containers: Record<State, number> = {
    created: 0,
    running: 0,
    paused: 0,
    orphaned: 0,
    exited: 0,
    restarting: 0,
  };
  let sessions = 0;
  for (const { phase, main, execs } of registry.all()) {
    containers[phase.state] += 1;
    sessions += main?.attachedClients ?? 0;
    for (const exec of execs.values()) sessions += exec.attachedClients;
  }
  return { containers, sessions };
}
