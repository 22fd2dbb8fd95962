import type { Store } from '../../../store/store.ts';
import type { ExecRow } from '../../../store/tables/exec.ts';
import type { Journal } from '../../journal/journal.ts';
import type { RequestKey } from '../../journal/requests.ts';
import type { ExitStatus } from '../../process/exit-status.ts';
import type { Container } from './container.ts';
import { type ContainerEvent, containerEvent } from './container-event.ts';

interface Unstored {
  readonly row: ExecRow;
  readonly request: RequestKey | null;
}

/**
 * The records of execs. A full disk refuses none of them: an exec may be what makes room. Until a row is stored, its changes
 * are made here in memory, and a copy in the run folder is what the next daemon learns of it.
 */
export class ExecLedger {
  readonly #journal: Journal;
  readonly #store: Store;
  /** By id. */
  readonly #unstored = new Map<string, Unstored>();

  constructor(journal: Journal, store: Store) {
    this.#journal = journal;
    this.#store = store;
  }

  /** The stored execs of a container, by number. */
  rows(containerId: string): ExecRow[] {
    return this.#store.execs.of(containerId);
  }

  add(container: Container, row: ExecRow, request: RequestKey | null, event: ContainerEvent): void {
    const state = container.stateRow();
    this.#unstored.set(row.id, { row, request });
    try {
      this.#journal.record({
        write: () => {
          this.#store.containers.updateState(container.id, state);
          this.#insert(row.id);
        },
        request: request && { ...request, result: row.id },
        events: [containerEvent(container, event)],
        needed: false,
      });
    } catch (error) {
      this.#unstored.delete(row.id);
      throw error;
    }
  }

  /** Adds an exec that is running and that the daemon which started it could not store. */
  recall(row: ExecRow): void {
    this.#unstored.set(row.id, { row, request: null });
    this.#journal.record({ write: () => this.#insert(row.id), needed: false });
  }

  end(container: Container, id: string, exit: ExitStatus, event: ContainerEvent): void {
    const text = JSON.stringify(exit);
    const write = () => this.#store.execs.setExit(id, text);
    const isStored = !this.#change(id, { exit: text });
    this.#journal.record({ write: isStored ? write : null, events: [containerEvent(container, event)] });
  }

  /** The client that it was started for has detached: losing a client no longer ends it. */
  keep(id: string): void {
    if (!this.#change(id, { onDisconnect: 'keep' }))
      this.#journal.record({ write: () => this.#store.execs.setOnDisconnect(id, 'keep') });
  }

  forget(id: string): void {
    if (!this.#drop(id)) this.#journal.record({ write: () => this.#store.execs.delete(id) });
  }

  /** Forgets an exec that was not started, so that a repeated request starts it anew. */
  undo(id: string): void {
    if (this.#drop(id)) return;
    this.#journal.record({
      write: () => {
        this.#store.execs.delete(id);
        this.#store.requests.deleteOf(id);
      },
    });
  }

  #insert(id: string): void {
    const exec = this.#unstored.get(id);
    if (!exec) return;
    this.#store.execs.insert(exec.row);
    this.#store.database.afterCommit(() => this.#unstored.delete(id));
  }

  /** Changes a row that is not stored yet; false when it is. */
  #change(id: string, change: Partial<ExecRow>): boolean {
    const exec = this.#unstored.get(id);
    if (!exec) return false;
    this.#unstored.set(id, { ...exec, row: { ...exec.row, ...change } });
    return true;
  }

  /** Drops a row that is not stored yet; false when it is. */
  #drop(id: string): boolean {
    const exec = this.#unstored.get(id);
    if (exec?.request) this.#journal.withdraw(exec.request);
    return this.#unstored.delete(id);
  }
}
