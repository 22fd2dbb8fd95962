import { Ledger } from '../engine/containers/model/ledger.ts';
import type { NewEvent } from '../engine/journal/event.ts';
import type { Entry, Journal } from '../engine/journal/journal.ts';
import type { Store } from '../store/store.ts';

/** A ledger that makes changes in memory only, and keeps their events. */
export function memoryLedger(): {
  readonly journal: Journal;
  readonly ledger: Ledger;
  readonly events: NewEvent[];
} {
  const events: NewEvent[] = [];
  const take = (entry: Entry) => void events.push(...(entry.events ?? []));
  const journal = { problem: null, decide: take, decideUnlessFull: take, record: take } as unknown as Journal;
  return { journal, ledger: new Ledger(journal, {} as Store), events };
}
