import { type StoredEvent, storedEvents } from '../../common/channels.ts';
import type { Store } from '../store/store.ts';
import type { EventRecord } from './api.ts';
import type { Container, Facts } from './container/container.ts';
import type { ExitStatus, Phase } from './container/phase.ts';
import type { ContainerSpec } from './container/spec.ts';
import { Notifier } from './sync.ts';

export interface Change {
  readonly phase?: Phase;
  readonly facts?: Partial<Facts>;
  readonly spec?: ContainerSpec;
}

export interface NewEvent {
  readonly action: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Every change of a container goes through here: one transaction with its events, then memory, then those who wait. */
export class Ledger {
  readonly store: Store;
  /** Notified after events were committed. */
  readonly events = new Notifier();

  constructor(store: Store) {
    this.store = store;
  }

  insert(container: Container, requestId: string, events: readonly NewEvent[]): void {
    this.store.transaction(() => {
      this.store.insertContainer(container.toRow());
      if (requestId) this.store.insertRequest(requestId, container.id);
      for (const event of events) this.#add(container, event);
    });
    this.events.notify();
  }

  change(container: Container, change: Change, ...events: readonly NewEvent[]): void {
    const { phase, facts, spec } = container;
    container.phase = change.phase ?? phase;
    container.facts = { ...facts, ...change.facts };
    container.spec = change.spec ?? spec;
    try {
      this.store.transaction(() => {
        this.store.updatePhase(
          container.id,
          JSON.stringify(container.phase),
          JSON.stringify(container.facts),
        );
        if (change.spec) this.store.updateSpec(container.id, container.name, JSON.stringify(change.spec));
        for (const event of events) this.#add(container, event);
      });
    } catch (error) {
      Object.assign(container, { phase, facts, spec });
      throw error;
    }
    container.changed.notify();
    if (events.length > 0) this.events.notify();
  }

  delete(container: Container, exit: ExitStatus | null): void {
    this.store.transaction(() => {
      this.store.deleteContainer(container.id, container.name, exit && JSON.stringify(exit));
      this.#add(container, { action: 'destroy' });
    });
    container.removed = true;
    container.changed.notify();
    this.events.notify();
  }

  /** An event without a change of the container's record; `also` is part of the transaction. */
  event(container: Container, event: NewEvent, also: () => void = () => {}): void {
    this.store.transaction(() => {
      also();
      this.#add(container, event);
    });
    this.events.notify();
  }

  #add(container: Container, event: NewEvent): void {
    if (storedEvents.hasSubscribers) {
      const { action, attributes = {} } = event;
      storedEvents.publish({ action, attributes } satisfies StoredEvent);
    }
    this.store.addEvent({
      time: Date.now(),
      containerId: container.id,
      containerName: container.name,
      action: event.action,
      attributes: JSON.stringify({ ...container.spec.labels, name: container.name, ...event.attributes }),
    });
  }

  /** Events after `seq`, parsed. */
  after(seq: number, limit: number): EventRecord[] {
    return this.store.eventsAfter(seq, limit).map((row) => ({
      ...row,
      attributes: JSON.parse(row.attributes) as Record<string, string>,
    }));
  }
}
