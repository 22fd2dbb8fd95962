import { read } from '../../../../common/schema.ts';
import type { Store } from '../../../store/store.ts';
import type { ContainerRow } from '../../../store/tables/container.ts';
import type { ExecRow } from '../../../store/tables/exec.ts';
import { daemonEvent } from '../../journal/event.ts';
import type { Entry, Journal } from '../../journal/journal.ts';
import type { Requested, RequestKey } from '../../journal/requests.ts';
import { type ExitStatus, exitSchema, unseenExit } from '../../process/exit-status.ts';
import type { Container } from './container.ts';
import { type ContainerEvent, containerEvent } from './container-event.ts';
import { ExecLedger } from './exec-ledger.ts';
import type { Facts } from './facts.ts';
import type { Phase } from './phase.ts';
import type { Removed } from './removed.ts';
import { type ContainerSpec, imagesOf } from './spec.ts';

export interface Change extends Requested {
  readonly phase?: Phase;
  readonly facts?: Partial<Facts>;
  readonly spec?: ContainerSpec;
}

/**
 * Every change of a container goes through here: its phase, facts and spec are readonly elsewhere. `insert` and `decide` store
 * what a call asks for, or throw. `change`, `event` and `delete` report what has happened: memory changes at once, the
 * database as soon as the disk takes it.
 */
export class Ledger {
  readonly execs: ExecLedger;
  readonly #journal: Journal;
  readonly #store: Store;

  constructor(journal: Journal, store: Store) {
    this.#journal = journal;
    this.#store = store;
    this.execs = new ExecLedger(journal, store);
  }

  /** The stored containers, in the order in which they were created. */
  rows(): ContainerRow[] {
    return this.#store.containers.all();
  }

  /** By id, for ten minutes after its removal. */
  removed(id: string): Removed | null {
    const row = this.#store.tombstones.get(id);
    return row && { ...row, exit: row.exit === null ? null : exitOf(row.exit) };
  }

  /** First ids of the ranges that containers have for themselves. */
  idRanges(): number[] {
    return this.#store.idRanges.starts();
  }

  /** With its range of ids, which fails if another container has it. */
  insert(container: Container, request: RequestKey | null, ...events: readonly ContainerEvent[]): void {
    this.#journal.decide({
      write: () => this.#insert(container),
      request: request && { ...request, result: container.id },
      events: [{ action: 'create' }, ...events].map((event) => containerEvent(container, event)),
    });
  }

  decide(container: Container, change: Change, ...events: readonly ContainerEvent[]): void {
    const { phase, facts, spec } = container;
    apply(container, change);
    try {
      this.#journal.decide(this.#entry(container, change, events));
    } catch (error) {
      Object.assign(container, { phase, facts, spec });
      throw error;
    }
    container.changed.notify();
  }

  change(container: Container, change: Change, ...events: readonly ContainerEvent[]): void {
    apply(container, change);
    this.#journal.record(this.#entry(container, change, events));
    container.changed.notify();
  }

  /** Changes facts in memory only. They are stored with the next change of the container. */
  remember(container: Container, facts: Partial<Facts>): void {
    apply(container, { facts });
  }

  /** An event without a change of the container's record. */
  event(container: Container, event: ContainerEvent, request: RequestKey | null = null): void {
    this.#journal.record(this.#entry(container, { request }, [event]));
  }

  /** A removal that a call `asked` for makes room, so a full disk delays it. A disk that takes no change at all refuses it. */
  delete(
    container: Container,
    exit: ExitStatus | null,
    { asked, request = null }: { readonly asked: boolean } & Requested = { asked: false },
  ): void {
    const { id, name } = container;
    const entry = {
      ...this.#entry(container, { request }, [{ action: 'destroy' }]),
      write: () => {
        this.#store.containers.delete(id);
        this.#store.tombstones.insert({ id, name, exit: exit && JSON.stringify(exit) });
      },
    };
    if (asked) this.#journal.decideUnlessFull(entry);
    else this.#journal.record(entry);
    container.removed = true;
    container.changed.notify();
  }

  /** Stores a recovered container under this name, replacing whatever is left of its record. */
  recover(container: Container, name: string, execs: readonly ExecRow[]): void {
    apply(container, { spec: { ...container.spec, name } });
    this.#journal.decide({
      write: () => {
        this.#store.containers.delete(container.id);
        this.#insert(container);
        for (const exec of execs) this.#store.execs.insert(exec);
      },
      events: [containerEvent(container, { action: 'recover' })],
    });
  }

  /** Deletes a record that cannot be read. */
  forget(id: string, attributes: Readonly<Record<string, string>>): void {
    this.#journal.record({
      write: () => this.#store.containers.delete(id),
      events: [daemonEvent('set_aside', attributes)],
    });
  }

  #insert(container: Container): void {
    this.#store.containers.insert(container.toRow(), container.spec.leaseId);
    this.#setImages(container);
    const { userNamespace } = container.facts;
    if (userNamespace?.owner === container.id && userNamespace.rangeStart !== null)
      this.#store.idRanges.insert(container.id, userNamespace.rangeStart);
  }

  /** That it has its images. After the loss of the database, images may be lost as well. */
  #setImages({ id, spec }: Pick<Container, 'id' | 'spec'>): void {
    const there = imagesOf(spec).filter((imageId) => this.#store.images.get(imageId));
    this.#store.containerImages.set(id, there);
  }

  /** Stores the container as it is now, even if the disk takes the entry later. */
  #entry(container: Container, change: Change, events: readonly ContainerEvent[]): Entry {
    const { id, name } = container;
    const { request } = change;
    const state = change.phase || change.facts ? container.stateRow() : null;
    const spec = change.spec ? JSON.stringify(change.spec) : null;
    const write = () => {
      if (state) this.#store.containers.updateState(id, state);
      if (!change.spec || spec === null) return;
      this.#store.containers.updateSpec(id, { name, spec });
      this.#setImages({ id, spec: change.spec });
    };
    return {
      write: state || spec ? write : null,
      request: request ? { ...request, result: id } : null,
      events: events.map((event) => containerEvent(container, event)),
    };
  }
}

/** What is damaged must not keep a repeated call from being answered. */
function exitOf(text: string): ExitStatus {
  try {
    return read(exitSchema, text, 'its exit');
  } catch {
    return unseenExit(255, 'Its record was damaged: how it ended is not known');
  }
}

function apply(container: Container, { phase, facts, spec }: Change): void {
  const ended = phase && 'exit' in phase && { finishedAt: phase.exit.exitedAt };
  Object.assign(container, {
    phase: phase ?? container.phase,
    facts: { ...container.facts, ...facts, ...ended },
    spec: spec ?? container.spec,
  });
}
