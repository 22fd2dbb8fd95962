import { LikerError } from '../../../../common/errors.ts';
import { steadyMs } from '../../../loop/sync.ts';
import { cgroupOf, type EngineContext } from '../../context.ts';
import type { Requested } from '../../journal/requests.ts';
import type { StopOptions } from '../api.ts';
import { cancelRestart } from '../life/cancel-restart.ts';
import { inTurn } from '../life/turn.ts';
import { afterStart, type Begun, begin, type Ending, graceLeft, unlessRemoved } from '../model/begun.ts';
import type { Container } from '../model/container.ts';
import type { Facts } from '../model/facts.ts';
import { livePhase } from '../model/phase.ts';
import { writeRunRecord } from '../resources/run-record.ts';

/** Longest wait for the end of a container that was sent SIGKILL: a process may be deep in the kernel. */
const killedMs = 30_000;

/** Asks the main process to stop, waits, then kills the container. One that does not run is a success. */
export async function stopContainer(
  context: EngineContext,
  container: Container,
  options: StopOptions & Requested,
): Promise<void> {
  await inTurn(context, container, () => stopLocked(context, container, options));
}

/** With `restart` it is started afterwards, by this likerd or the next. */
export async function stopLocked(
  context: EngineContext,
  container: Container,
  options: StopOptions & Requested,
  verb: 'stop' | 'restart' = 'stop',
): Promise<void> {
  cancelRestart(context, container);
  // Stored before the container is asked to end: a daemon that sees only the end must not start it again.
  const facts = { stopRequested: true };
  if (livePhase(container.phase)) return endLocked(context, container, options, { verb, facts });
  const { begun: before } = container.facts;
  const begun = verb === 'restart' ? unlessRemoved(before, begin(verb)) : afterStart(before);
  const { request = null } = options;
  if (request || verb === 'restart' || !container.facts.stopRequested)
    context.ledger.change(container, { facts: { ...facts, begun }, request });
  await container.run?.ending;
}

/** Ends a run. As a stop; with the verb `end` its policy may start the container again. */
export async function endLocked(
  context: EngineContext,
  container: Container,
  options: StopOptions & Requested,
  { verb, facts }: { readonly verb: Begun['verb']; readonly facts?: Partial<Facts> } = { verb: 'end' },
): Promise<void> {
  const phase = livePhase(container.phase);
  if (!phase) return;
  const signal = options.signal ?? container.spec.stopSignal;
  const graceMs = 1000 * (options.timeoutSeconds ?? container.spec.stopTimeoutSeconds);
  const ending = { main: phase.main, signal, graceMs, killAt: null };
  const begun = unlessRemoved(container.facts.begun, begin(verb, ending));
  context.ledger.change(container, { facts: { ...facts, begun }, request: options.request ?? null });
  await finishEnding(context, container, verb, ending);
}

/** Carries out an end that is stored, or what is left of it. */
export async function finishEnding(
  context: EngineContext,
  container: Container,
  verb: Begun['verb'],
  ending: Ending,
): Promise<void> {
  // Do not replace what a forced removal has stored meanwhile.
  const store = (begun: Begun | null) => (container.facts.begun?.verb === verb ? { facts: { begun } } : {});
  const over = () => livePhase(container.phase) === null;
  try {
    let left = ending;
    if (ending.graceMs > 0 && (ending.killAt === null || container.phase.state === 'paused')) {
      left = await ask(context, container, ending, (asked) => store(begin(verb, asked)));
    }
    await container.changed.until(over, graceLeft(left));
    if (!over()) await killAndWait(context, container);
    await container.run?.ending;
  } catch (error) {
    if (!context.leaving.signal.aborted) context.ledger.change(container, store(null));
    throw error;
  }
  if (context.leaving.signal.aborted) return;
  context.ledger.change(container, store(verb === 'restart' ? begin(verb) : null), { action: 'stop' });
}

/** Sends the signal, then stores that it was sent: so it is sent at least once, and maybe twice. */
async function ask(
  context: EngineContext,
  container: Container,
  ending: Ending,
  store: (asked: Ending) => { readonly facts?: Partial<Facts> },
): Promise<Ending> {
  const { signal, graceMs } = ending;
  const asked = () => ({ ...ending, killAt: steadyMs() + graceMs });
  const { phase } = container;
  if (phase.state === 'running') {
    context.processes.kill(phase.main, signal);
    const now = asked();
    context.ledger.change(container, store(now), { action: 'kill', attributes: { signal: String(signal) } });
    return now;
  }
  if (phase.state !== 'paused') return { ...ending, killAt: 0 };
  // A frozen process gets its signal when it thaws.
  context.processes.kill(phase.main, signal);
  await cgroupOf(context, container).thaw();
  const now = asked();
  // It may have ended meanwhile.
  if (container.phase.state !== 'paused') return now;
  const running = { ...phase, state: 'running' } as const;
  context.ledger.change(container, { ...store(now), phase: running }, { action: 'unpause' });
  writeRunRecord(context, container);
  return now;
}

/** SIGKILL to all processes; returns when the container is over and cleaned up. */
export async function killAndWait(context: EngineContext, container: Container): Promise<void> {
  if (livePhase(container.phase)) {
    await cgroupOf(context, container).kill();
    if (!(await container.changed.until(() => livePhase(container.phase) === null, killedMs)))
      throw unkillable(container);
  }
  await container.run?.ending;
}

function unkillable({ id, name }: Container): LikerError {
  const seconds = killedMs / 1000;
  return new LikerError(
    'TIMED_OUT',
    `Cannot kill container '${name}': ${seconds} seconds after SIGKILL some of its processes are still there, because they are waiting in the kernel ` +
      `for a disk or a file system that does not respond; 'likerctl top ${name}' lists them; they end when it responds, or when it is unmounted by force (umount -f)`,
    { metadata: { container: id } },
  );
}
