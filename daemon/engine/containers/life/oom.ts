import { cgroupOf, type EngineContext } from '../../context.ts';
import type { Container } from '../model/container.ts';
import type { ContainerEvent } from '../model/container-event.ts';
import type { Facts } from '../model/facts.ts';
import { livePhase } from '../model/phase.ts';
import { hasInit } from '../plan/container.ts';

/** Out-of-memory kills of the container's last run. */
export function oomKillsOf(context: EngineContext, container: Container): number {
  let counted = 0;
  try {
    counted = cgroupOf(context, container).oomKills();
  } catch {
    // The cgroup is gone: what was told is what is known.
  }
  return Math.max(counted, container.facts.oomKills);
}

/** The kernel counts a kill before it sends the signal (__oom_kill_process): on a busy machine, long before. */
const signalMs = 500;

/** The container lives on, as far as is known: tells of kills that were not told of yet. */
export function tellOomKills(context: EngineContext, container: Container, count: number): void {
  if (!untold(container, count)) return;
  const hit = isMainKilled(context, container);
  if (hit !== false) {
    tell(context, container, count, hit);
    return;
  }
  const { run } = container;
  setTimeout(() => {
    // Meanwhile it may have been told with the end of the main process, and the container started again.
    if (container.run === run && untold(container, count))
      tell(context, container, count, isMainKilled(context, container));
  }, signalMs).unref();
}

function untold({ facts, phase }: Container, count: number): boolean {
  return count > facts.oomKills && livePhase(phase) !== null;
}

function tell(
  context: EngineContext,
  container: Container,
  count: number,
  hit: ReturnType<typeof isMainKilled>,
): void {
  // Its init has seen it end: so will we, and tell of the kill then, with how it ended.
  if (hit === 'over') return;
  context.ledger.change(
    container,
    { facts: { oomKills: count, oomHitMain: container.facts.oomHitMain || (hit ?? true) } },
    oomEvent(count, hit ?? false),
  );
}

export function oomEvent(count: number, mainKilled: boolean): ContainerEvent {
  return { action: 'oom', attributes: { count: String(count), mainKilled: String(mainKilled) } };
}

/** Whether the kernel killed the main process because memory ran out. */
export function wasOomKilled(signal: number, kills: number, { oomKills, oomHitMain }: Facts): boolean {
  return signal === 9 && (kills > oomKills || oomHitMain);
}

/** Null: this kernel does not tell which process the main one is. */
function isMainKilled({ proc }: EngineContext, { phase, spec }: Container): boolean | 'over' | null {
  const live = livePhase(phase);
  if (live === null) return null;
  if (!hasInit(spec)) return proc.isKilled(live.main.pid);
  const pid = proc.firstChild(live.main.pid);
  if (pid === 0 || proc.isKilled(live.main.pid)) return 'over';
  return pid === null ? null : proc.isKilled(pid);
}
