import * as v from 'valibot';
import { fields, type Of, orNull } from '../../../../common/schema.ts';
import { type HostProcess, hostProcess } from '../../../kernel/process/host-process.ts';
import { steadyMs } from '../../../loop/sync.ts';

/** How a run is ended: by a signal, and by SIGKILL after a grace period. */
const ending = fields({
  /** The main process of the run that is to end: a later run is not affected. */
  main: hostProcess,
  signal: v.number(),
  graceMs: v.number(),
  /** When SIGKILL is due, by steadyMs(); null: the signal has not been sent yet. */
  killAt: orNull(v.number()),
});
export interface Ending extends Of<typeof ending> {}

/**
 * An action on a container that was begun and is not finished. It is stored before it is done, so that the next likerd finishes what this
 * one cannot if it dies. `end` is a stop after which the restart policy may start the container again.
 */
export const begunSchema = fields({
  verb: v.picklist(['start', 'stop', 'end', 'restart', 'remove']),
  /** For stop, end and restart, until the run is over. */
  ending: orNull(ending),
  /** A start that an earlier likerd had begun: if this one dies during it too, it is not tried a third time. */
  again: v.boolean(),
});
export interface Begun extends Of<typeof begunSchema> {}

export function begin(verb: Begun['verb'], ending: Ending | null = null): Begun {
  return { verb, ending, again: false };
}

/** A removal by force that waits for its turn stays what is begun. */
export function unlessRemoved(begun: Begun | null, next: Begun): Begun {
  return begun?.verb === 'remove' ? begun : next;
}

/** A start, of its own or as the second half of a restart. */
export function beginStart(begun: Begun | null, again: boolean): Begun {
  const verb = begun?.verb === 'restart' ? 'restart' : 'start';
  return unlessRemoved(begun, { verb, ending: null, again });
}

/** What is left of the grace period. It is bounded, since the steady clocks of two boots do not compare. */
export function graceLeft({ killAt, graceMs }: Ending): number {
  return killAt === null ? graceMs : Math.min(graceMs, Math.max(0, killAt - steadyMs()));
}

/** What is still to be done once a start has succeeded or failed: a removal, or the end of this very run. */
export function afterStart(begun: Begun | null, main: HostProcess | null = null): Begun | null {
  if (begun?.verb === 'remove') return begun;
  const ended = begun?.ending?.main;
  return ended && ended.pid === main?.pid && ended.startTime === main.startTime ? begun : null;
}

export function startEvents(begun: Begun | null): readonly { readonly action: string }[] {
  return begun?.verb === 'restart' ? [{ action: 'start' }, { action: 'restart' }] : [{ action: 'start' }];
}
