import { type StoredEvent, storedEvents } from '../../../common/channels.ts';
import type { Log } from '../../host/log.ts';
import { Notifier } from '../../loop/sync.ts';
import { StoreError } from '../../store/errors.ts';
import type { Store } from '../../store/store.ts';
import type { RequestRow } from '../../store/tables/request.ts';
import { Backlog } from './backlog.ts';
import { type EventRecord, fromRow, type NewEvent, toRow } from './event.ts';

/** Events between two times at which old rows are deleted. */
const trimEvery = 1000;

/** A change: its rows, the request that asked for it and the events that report it, stored in one transaction. */
export interface Entry {
  /** Writes the rows. It may run later, and more than once until the disk takes it. */
  readonly write?: (() => void) | null;
  readonly request?: RequestRow | null;
  readonly events?: readonly NewEvent[];
  /** False: it may be dropped when too many changes wait for the disk. The default is true, except for events alone. */
  readonly needed?: boolean;
}

/** Numbers of the newest and the oldest event (0: none), and the store that numbers them. */
export interface EventRange {
  readonly last: number;
  readonly oldest: number;
  readonly storeId: string;
}

/**
 * Stores changes of whatever the engine manages. What a call asks for is stored before it is done and refused if that fails
 * (`decide`). What has happened is true whether the disk takes it or not: it is stored now, or once there is room (`record`).
 */
export class Journal implements Disposable {
  /** Notified after events were committed. */
  readonly appended = new Notifier();
  readonly #store: Store;
  /** The changes that wait for the disk. */
  readonly backlog: Backlog;
  /** Requests whose results are not stored yet, by id. */
  readonly #unstored = new Map<string, RequestRow>();

  constructor(store: Store, log: Log) {
    this.#store = store;
    this.backlog = new Backlog((write) => store.database.transaction(write), log);
  }

  /** Stores what is waiting, if the disk has room. Call it before the store is closed. */
  [Symbol.dispose](): void {
    this.backlog[Symbol.dispose]();
  }

  /** Stores the entry, after all that is waiting. Throws StoreError when the disk does not take it. */
  decide(entry: Entry): void {
    this.#keepingRequest(entry.request, () => {
      this.backlog.flush();
      this.#store.database.transaction(this.#writer(entry));
    });
  }

  /** As decide, for a change that makes room: a full disk delays it, but does not refuse it. */
  decideUnlessFull(entry: Entry): void {
    try {
      this.decide(entry);
    } catch (error) {
      if (!(error instanceof StoreError && error.problem === 'full')) throw error;
      this.record(entry);
    }
  }

  /** Stores the entry now, or once the disk takes it. */
  record(entry: Entry): void {
    const { write, request, needed = Boolean(write || request) } = entry;
    this.#keepingRequest(request, () => this.backlog.keep(this.#writer(entry), { needed }));
  }

  /** The result of the first call with this request_id; null when this is the first. */
  request(id: string): RequestRow | null {
    return this.#unstored.get(id) ?? this.#store.requests.get(id);
  }

  /** The request led to nothing. Must be called before it is stored; afterwards the row has to be deleted. */
  withdraw({ id }: Pick<RequestRow, 'id'>): void {
    this.#unstored.delete(id);
  }

  eventsAfter(seq: number, limit: number): EventRecord[] {
    return this.#store.events.after(seq, limit).map(fromRow);
  }

  /** Number of the last event before `time` (milliseconds since the epoch). */
  seqBefore(time: number): number {
    return this.#store.events.seqBefore(time);
  }

  get range(): EventRange {
    const { id: storeId, events } = this.#store;
    return { last: events.last, oldest: events.oldest, storeId };
  }

  #keepingRequest(request: RequestRow | null | undefined, store: () => void): void {
    if (request) this.#unstored.set(request.id, request);
    try {
      store();
    } catch (error) {
      if (request) this.#unstored.delete(request.id);
      throw error;
    }
  }

  #writer({ write, request, events = [] }: Entry): () => void {
    const time = Date.now();
    return () => {
      write?.();
      if (request && this.#unstored.has(request.id)) this.#store.requests.insert(request);
      for (const event of events) this.#addEvent(event, time);
      this.#store.database.afterCommit(() => {
        if (request) this.#unstored.delete(request.id);
        if (events.length > 0) this.appended.notify();
        for (const { action, attributes = {} } of events)
          storedEvents.publish({ action, attributes } satisfies StoredEvent);
      });
    };
  }

  #addEvent(event: NewEvent, time: number): void {
    const seq = this.#store.events.add(toRow(event, time));
    if (seq % trimEvery === 0) this.#store.trim();
  }
}
