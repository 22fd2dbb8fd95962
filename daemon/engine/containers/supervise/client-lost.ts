import { steadyMs } from '../../../loop/sync.ts';
import { inBackground } from '../../background.ts';
import type { EngineContext } from '../../context.ts';
import type { ContainerProcess } from '../../sessions/process.ts';
import { killProcess } from '../life/kill-process.ts';
import { reconnectMs } from '../life/patience.ts';
import { removeRecord } from '../life/remove-record.ts';
import { inTurn } from '../life/turn.ts';
import type { Container } from '../model/container.ts';

const SIGHUP = 1;
const SIGCONT = 18;
/** Between SIGHUP and SIGKILL for a process whose client vanished. */
const hangupGraceMs = 10_000;

/** The client for which the process was started has vanished: carries out the process's on_disconnect. */
export function clientLost(context: EngineContext, container: Container, process: ContainerProcess): void {
  const { number, processId } = process.identity;
  const attributes = { process: processId, policy: process.onDisconnect };
  const event = { action: 'client_lost', attributes };
  const { onDisconnect } = process;
  const graceMs = onDisconnect === 'hangup' ? hangupGraceMs : 0;
  const lost = number === 0 ? { clientLost: true } : {};
  const due = steadyMs() + graceMs;
  const killsDue = { ...container.facts.killsDue, [number]: due };
  // Stored before it is done: if this likerd dies, the next one kills it.
  const facts = onDisconnect === 'keep' ? lost : { ...lost, killsDue };
  if (Object.keys(facts).length > 0) context.ledger.change(container, { facts }, event);
  else context.ledger.event(container, event);
  if (onDisconnect === 'keep') return;
  process.killsLeftovers = true;
  if (onDisconnect === 'hangup') {
    process.signal(SIGHUP, 'foreground');
    process.signal(SIGCONT, 'foreground');
    process.signal(SIGHUP, 'process');
  }
  killWhenDue(context, container, number, due);
}

/** Continues what an earlier likerd has begun of it. */
export function resumeKills(context: EngineContext, container: Container): void {
  for (const [number, due] of Object.entries(container.facts.killsDue))
    killWhenDue(context, container, Number(number), due);
}

/** Bounded, since the steady clocks of two boots do not compare. */
function killWhenDue(context: EngineContext, container: Container, number: number, due: number): void {
  const kill = () => {
    // Not the process of a later run, which may have the same number.
    if (container.facts.killsDue[number] === due) killProcess(context, container, number);
  };
  const ms = Math.min(hangupGraceMs, due - steadyMs());
  if (ms <= 0) kill();
  else setTimeout(kill, ms).unref();
}

/**
 * For a container that a run created before its daemon died. Its client may reconnect to start it; if the client stays away, a
 * container with --rm is removed, since nobody else would.
 */
export function expectStart(context: EngineContext, container: Container): void {
  const waits = () => container.phase.state === 'created' && !container.removed;
  if (!waits() || !container.facts.attended || !container.spec.autoRemove) return;
  const forget = async () => {
    if (waits()) removeRecord(context, container, null);
  };
  const later = () =>
    inBackground(context, container, 'removing a container failed', inTurn(context, container, forget));
  setTimeout(later, reconnectMs).unref();
}
