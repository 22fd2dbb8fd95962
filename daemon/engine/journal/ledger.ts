import { type StoredEvent, storedEvents } from '../../../common/channels.ts';
import type { Log } from '../../host/log.ts';
import { Notifier } from '../../loop/sync.ts';
import { StoreError } from '../../store/errors.ts';
import type { EventRow, ExecRow, RequestRow, Store } from '../../store/store.ts';
import type { EventRecord } from '../api.ts';
import type { Container, Facts } from '../containers/model/container.ts';
import type { ExitStatus, Phase } from '../containers/model/phase.ts';
import type { ContainerSpec } from '../containers/model/spec.ts';
import { Backlog } from './backlog.ts';
import { eventAttributes } from './event-attributes.ts';
import type { Requested, RequestKey } from './requests.ts';

export interface Change {
  readonly phase?: Phase;
  readonly facts?: Partial<Facts>;
  readonly spec?: ContainerSpec;
  /** The call that wants the change: its request_id is known from then on. */
  readonly request?: RequestKey | null;
}

interface WaitingExec {
  row: ExecRow;
  readonly request: RequestKey | null;
}

export interface NewEvent {
  readonly action: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/**
 * Every change of a container goes through here, each with its events in one transaction. What a call asks for is stored
 * before it is done: `insert`, `decide` throw when that cannot be. What has happened is true whether the disk takes it or
 * not: `change`, `event`, `delete` are in memory at once and stored now or as soon as there is room. The same holds for everything about
 * execs, which may be what makes room: until then a copy in the run folder tells the next daemon of them.
 */
export class Ledger {
  readonly store: Store;
  /** Notified after events were committed. */
  readonly events = new Notifier();
  readonly #backlog: Backlog;
  /** Execs that wait to be stored, by id: until then such a row is changed, and forgotten, here. */
  readonly #waiting = new Map<string, WaitingExec>();
  /** Of these, what the present transaction has written. */
  readonly #written = new Set<string>();

  constructor(store: Store, log: Log) {
    this.store = store;
    this.#backlog = new Backlog(
      (change) => this.#transaction(change),
      () => this.events.notify(),
      log,
    );
  }

  /** Stores what waits for room, if there is; call it before the store is closed. */
  [Symbol.dispose](): void {
    this.#backlog[Symbol.dispose]();
  }

  /** Why changes wait to be stored; null when none does. */
  get problem(): string | null {
    return this.#backlog.problem;
  }

  /** Runs the action when all that has happened until now is stored. */
  afterStored(action: () => void): void {
    this.#backlog.after(action);
  }

  /** There may be room again. */
  roomMade(): void {
    this.#backlog.tryNow();
  }

  insert(container: Container, request: RequestKey | null, events: readonly NewEvent[]): void {
    this.#strictly(() => {
      this.store.insertContainer(container.toRow());
      if (request) this.store.insertRequest({ ...request, result: container.id });
      this.#writer(container, events)();
    });
  }

  decide(container: Container, change: Change, ...events: readonly NewEvent[]): void {
    const { phase, facts, spec } = container;
    this.#apply(container, change);
    try {
      this.#strictly(this.#writer(container, events, change));
    } catch (error) {
      Object.assign(container, { phase, facts, spec });
      throw error;
    }
    container.changed.notify();
  }

  /** Throws unless all that has happened is stored. */
  requireStored(): void {
    this.#backlog.flush();
  }

  change(container: Container, change: Change, ...events: readonly NewEvent[]): void {
    this.#apply(container, change);
    this.#backlog.keep(this.#writer(container, events, change), { needed: true });
    container.changed.notify();
    if (events.length > 0) this.events.notify();
  }

  /** A removal that a call `asked` for makes room on a full disk; on one that takes no change at all it is refused. */
  delete(
    container: Container,
    exit: ExitStatus | null,
    { asked, request = null }: { readonly asked: boolean } & Requested = { asked: false },
  ): void {
    const { id, name } = container;
    const event = this.#writer(container, [{ action: 'destroy' }], { request });
    const write = () => {
      this.store.deleteContainer(id, name, exit && JSON.stringify(exit));
      event();
    };
    if (!asked || !this.#fits(write)) this.#backlog.keep(write, { needed: true });
    container.removed = true;
    container.changed.notify();
    this.events.notify();
  }

  /** An event without a change of the container's record. */
  event(container: Container, event: NewEvent, request: RequestKey | null = null): void {
    this.#backlog.keep(this.#writer(container, [event], { request }), { needed: request !== null });
    this.events.notify();
  }

  /** An event of the engine itself. */
  engineEvent(action: string, attributes: Readonly<Record<string, string>>): void {
    const row = { time: Date.now(), containerId: '', containerName: '', action };
    const write = () => this.store.addEvent({ ...row, attributes: JSON.stringify(attributes) });
    this.#backlog.keep(write, { needed: false });
    this.events.notify();
  }

  addExec(container: Container, row: ExecRow, request: RequestKey | null, event: NewEvent): void {
    const tell = this.#writer(container, [event], { facts: {} });
    this.#waiting.set(row.id, { row, request });
    const write = () => {
      tell();
      this.#insertExec(row.id);
    };
    try {
      this.#backlog.keep(write, { needed: false });
    } catch (error) {
      // It is not started: a repeated request must not find it.
      this.#waiting.delete(row.id);
      throw error;
    }
    this.events.notify();
  }

  /** One that runs, and that the daemon which started it could not store. */
  recallExec(row: ExecRow): void {
    this.#waiting.set(row.id, { row, request: null });
    this.#backlog.keep(() => this.#insertExec(row.id), { needed: false });
  }

  #insertExec(id: string): void {
    const exec = this.#waiting.get(id);
    if (!exec) return;
    this.store.insertExec(exec.row);
    if (exec.request) this.store.insertRequest({ ...exec.request, result: id });
    this.#written.add(id);
  }

  /** What the first call with this request_id led to; null when this is the first. */
  request(id: string): RequestRow | null {
    for (const { row, request } of this.#waiting.values())
      if (request?.id === id) return { ...request, result: row.id };
    return this.store.request(id);
  }

  endExec(container: Container, id: string, exit: ExitStatus, event: NewEvent): void {
    const waiting = this.#waiting.get(id);
    if (waiting) {
      waiting.row = { ...waiting.row, exit: JSON.stringify(exit) };
      this.event(container, event);
      return;
    }
    const tell = this.#writer(container, [event]);
    const write = () => {
      this.store.setExecExit(id, JSON.stringify(exit));
      tell();
    };
    this.#backlog.keep(write, { needed: true });
    this.events.notify();
  }

  /** Takes a container in whose record was lost, in place of what there may be of it. */
  recover(container: Container, execs: readonly ExecRow[]): void {
    this.#strictly(() => {
      this.store.dropContainer(container.id);
      this.store.insertContainer(container.toRow());
      for (const exec of execs) this.store.insertExec(exec);
      this.#writer(container, [{ action: 'recover' }])();
    });
  }

  /** Removes a record that cannot be read. */
  forget(id: string, attributes: Readonly<Record<string, string>>): void {
    this.#backlog.keep(() => this.store.dropContainer(id), { needed: true });
    this.engineEvent('set_aside', attributes);
  }

  /** Who it was started for has left it to itself. */
  keepExec(id: string): void {
    const waiting = this.#waiting.get(id);
    if (waiting) waiting.row = { ...waiting.row, onDisconnect: 'keep' };
    else this.#backlog.keep(() => this.store.keepExec(id), { needed: true });
  }

  forgetExec(id: string): void {
    if (!this.#waiting.delete(id)) this.#backlog.keep(() => this.store.deleteExec(id), { needed: true });
  }

  /** It was not started: a repeated request starts it anew. */
  undoExec(id: string): void {
    if (this.#waiting.delete(id)) return;
    this.#backlog.keep(
      () => {
        this.store.deleteExec(id);
        this.store.deleteRequestOf(id);
      },
      { needed: true },
    );
  }

  /** Events after `seq`, parsed. */
  after(seq: number, limit: number): EventRecord[] {
    return this.store.eventsAfter(seq, limit).map((row) => ({
      ...row,
      attributes: JSON.parse(row.attributes) as Record<string, string>,
    }));
  }

  #strictly(write: () => void): void {
    this.#backlog.flush();
    this.#transaction(write);
    this.events.notify();
  }

  #transaction(write: () => void): void {
    this.#written.clear();
    this.store.transaction(write);
    for (const id of this.#written) this.#waiting.delete(id);
  }

  /** As #strictly; false when the disk is full. */
  #fits(write: () => void): boolean {
    try {
      this.#strictly(write);
      return true;
    } catch (error) {
      if (error instanceof StoreError && error.problem === 'full') return false;
      throw error;
    }
  }

  #apply(container: Container, change: Change): void {
    container.phase = change.phase ?? container.phase;
    const ended = change.phase && 'exit' in change.phase && { finishedAt: change.phase.exit.exitedAt };
    container.facts = { ...container.facts, ...change.facts, ...ended };
    container.spec = change.spec ?? container.spec;
  }

  /** Writes the container as it is now, whenever it is called. */
  #writer(container: Container, events: readonly NewEvent[], change: Change = {}): () => void {
    const { id, name } = container;
    const state = change.phase || change.facts ? container.stateRow() : null;
    const spec = change.spec ? JSON.stringify(change.spec) : null;
    const rows = events.map((event) => eventRow(container, event));
    const { request } = change;
    return () => {
      if (state) this.store.updatePhase(id, state.phase, state.facts);
      if (spec) this.store.updateSpec(id, name, spec);
      if (request) this.store.insertRequest({ ...request, result: id });
      for (const row of rows) this.store.addEvent(row);
    };
  }
}

function eventRow(container: Container, event: NewEvent): Omit<EventRow, 'seq'> {
  if (storedEvents.hasSubscribers) {
    const { action, attributes = {} } = event;
    storedEvents.publish({ action, attributes } satisfies StoredEvent);
  }
  return {
    time: Date.now(),
    containerId: container.id,
    containerName: container.name,
    action: event.action,
    attributes: JSON.stringify(eventAttributes(container.spec, container.name, event.attributes)),
  };
}
