import type { ShimProcessState } from '../../../kernel/process/reports.ts';
import { inBackground } from '../../background.ts';
import { cgroupOf, type EngineContext } from '../../context.ts';
import { endedWhileAway } from '../life/end.ts';
import { oomKillsOf, reportOomKills } from '../life/oom.ts';
import { startLifeClock } from '../life/supervision.ts';
import { inTurn } from '../life/turn.ts';
import { afterStart, startEvents } from '../model/begun.ts';
import type { Container } from '../model/container.ts';
import { livePhase, type Phase } from '../model/phase.ts';
import type { Run } from '../model/run.ts';
import { writeRunRecord } from '../resources/run-record.ts';
import { settleWithoutShim } from './without-shim.ts';

/** Brings the record in line with the main process as the shim has it. */
export function trustShim(
  context: EngineContext,
  container: Container,
  run: Run,
  main: ShimProcessState,
): void {
  if (main.exit) {
    endedWhileAway(context, container, run, main.exit);
    return;
  }
  if (main.state === 'starting') {
    awaitDecision(context, container, run);
    return;
  }
  const startedAt = Number(main.startedAtNs / 1_000_000n);
  const wasPaused = container.phase.state === 'paused';
  // Not if the earlier daemon thawed it and died before recording that.
  const paused = wasPaused && cgroupOf(context, container).frozen();
  const phase: Extract<Phase, { state: 'running' | 'paused' }> = {
    state: paused ? 'paused' : 'running',
    startedAt,
    main: { pid: main.pid, startTime: main.startTime },
    shimPid: run.shim?.pid ?? 0,
  };
  const { begun } = container.facts;
  const events = [
    // A start that the earlier daemon had not recorded when it died.
    ...(livePhase(container.phase) ? [] : startEvents(begun)),
    ...(wasPaused && !paused ? [{ action: 'unpause' }] : []),
  ];
  context.ledger.change(container, { phase, facts: { begun: afterStart(begun, phase.main) } }, ...events);
  // The earlier daemon may have died between the record and its copy.
  writeRunRecord(context, container);
  reportOomKills(context, container, oomKillsOf(context, container));
  const clock = startLifeClock(run, context.proc.ageMs(main.startTime));
  context.supervision.running(container, { ...clock, adopted: true });
}

/** A start that an earlier daemon began keeps its turn until it has succeeded or failed. */
function awaitDecision(context: EngineContext, container: Container, run: Run): void {
  const before = container.phase;
  const { shim } = run;
  run.abandon = () =>
    void cgroupOf(context, container)
      .kill()
      .catch(() => {});
  const decided = async (): Promise<void> => {
    await container.changed.until(() => container.phase !== before || run.shim !== shim, Infinity);
    run.abandon = null;
    if (container.phase !== before || context.leaving.signal.aborted) return;
    await settleWithoutShim(context, container, { kind: 'no-answer' }, { freshBoot: false });
    context.supervision.left(container, { freshBoot: false });
  };
  const what = 'cannot continue a start of an earlier likerd';
  inBackground(context, container, what, inTurn(context, container, decided));
}
