import { cgroupOf, type EngineContext } from '../../context.ts';
import type { ContainerProcess } from '../../sessions/process.ts';
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
    // The cgroup is gone: only what was reported is known.
  }
  return Math.max(counted, container.facts.oomKills);
}

/** The kernel counts a kill before it sends the signal (__oom_kill_process): on a busy machine, long before. */
const signalMs = 500;

/** Reports kills that were not reported yet. The container lives on, as far as is known. */
export function reportOomKills(context: EngineContext, container: Container, count: number): void {
  if (!isNew(container, count)) return;
  const hit = isMainKilled(context, container);
  if (hit !== false) {
    report(context, container, count, hit);
    return;
  }
  const { run } = container;
  setTimeout(() => {
    // By now the end of the main process may have reported it, and the container may have been started again.
    if (container.run === run && isNew(container, count))
      report(context, container, count, isMainKilled(context, container));
  }, signalMs).unref();
}

function isNew({ facts, phase }: Container, count: number): boolean {
  return count > facts.oomKills && livePhase(phase) !== null;
}

function report(
  context: EngineContext,
  container: Container,
  count: number,
  hit: ReturnType<typeof isMainKilled>,
): void {
  // The init has already reaped it: the exit that follows will report the kill.
  if (hit === 'over') return;
  for (const exec of container.run?.execs.values() ?? [])
    if (exec.host && context.proc.isKilled(exec.host.pid)) exec.oomHit = true;
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

/** The same of an exec. A kill that is not reported yet is that of whoever ends now, unless the whole container ends. */
export function wasExecOomKilled(
  context: EngineContext,
  container: Container,
  { oomHit }: ContainerProcess,
  signal: number,
): boolean {
  if (signal !== 9) return false;
  const isUnreported = oomKillsOf(context, container) > container.facts.oomKills;
  return oomHit || (isUnreported && isMainKilled(context, container) === false);
}

/** Null: this kernel does not show which process the main one is. */
function isMainKilled({ proc }: EngineContext, { phase, spec }: Container): boolean | 'over' | null {
  const live = livePhase(phase);
  if (live === null) return null;
  if (!hasInit(spec)) return proc.isKilled(live.main.pid);
  const pid = proc.firstChild(live.main.pid);
  if (pid === 0 || proc.isKilled(live.main.pid)) return 'over';
  return pid === null ? null : proc.isKilled(pid);
}
