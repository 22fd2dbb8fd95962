import type { State } from '../containers/model/phase.ts';
import type { Registry } from '../containers/model/registry.ts';
import type { Census } from './api.ts';

export function takeCensus(registry: Registry): Census {
  const containers: Record<State, number> = {
    created: 0,
    running: 0,
    paused: 0,
    orphaned: 0,
    exited: 0,
    restarting: 0,
  };
  let sessions = 0;
  for (const { phase, run } of registry.all()) {
    containers[phase.state] += 1;
    for (const process of run?.processes ?? []) sessions += process.clients.count;
  }
  return { containers, sessions };
}
