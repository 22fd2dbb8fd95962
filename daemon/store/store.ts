import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import * as v from 'valibot';
import { fields, type Of } from '../../common/schema.ts';
import { Checkpoints } from './checkpoints.ts';
import { StoreError, storeError } from './errors.ts';
import { migrate } from './schema.ts';

/** A container as stored; spec, phase and facts are JSON of the engine's types. */
export const containerRowSchema = fields({
  id: v.string(),
  name: v.string(),
  createdAt: v.number(),
  spec: v.string(),
  phase: v.string(),
  facts: v.string(),
});
export interface ContainerRow extends Of<typeof containerRowSchema> {}

export const execRowSchema = fields({
  id: v.string(),
  containerId: v.string(),
  number: v.number(),
  spec: v.string(),
  onDisconnect: v.string(),
  /** Null while it runs. */
  exit: v.nullable(v.string()),
});
export interface ExecRow extends Of<typeof execRowSchema> {}

export interface EventRow {
  readonly seq: number;
  readonly time: number;
  readonly containerId: string;
  readonly containerName: string;
  readonly action: string;
  readonly attributes: string;
}

export interface RequestRow {
  readonly id: string;
  /** Digest of what was asked for; empty in a row of an earlier version. */
  readonly asked: string;
  /** Id of the result. */
  readonly result: string;
}

export interface Tombstone {
  readonly id: string;
  readonly name: string;
  readonly exit: string | null;
}

/** How long the result of a request, and the trace of a removed container, are kept. */
const keepMs = 10 * 60_000;
const keepEvents = 100_000;

export interface StoreOptions {
  /** Never goes back. */
  readonly steadyMs?: () => number;
  /** The disk did not take what is in the WAL, which grows from now on until the database is opened again. */
  readonly onLoss?: (error: Error) => void;
}

/**
 * The engine's memory: SQLite in WAL mode. Every change of state is one transaction, written with `transaction`.
 * All calls are synchronous and take tens of microseconds; what waits for the disk is done in a thread (checkpoints.ts).
 */
export class Store {
  /** Of this database, which numbers its events by itself. */
  readonly id: string;
  readonly #db: DatabaseSync;
  readonly #checkpoints: Checkpoints;
  readonly #statements = new Map<string, StatementSync>();
  readonly #folder: string;
  readonly #clock: () => number;
  /** To be run once the present transaction is committed. */
  #afterCommit: (() => void)[] = [];
  #lastSeq = 0;
  #oldestSeq = 0;

  /** Throws StoreError when the file cannot be read, or is to be made and cannot. */
  constructor(file: string, { steadyMs = () => performance.now(), onLoss = () => {} }: StoreOptions = {}) {
    this.#folder = dirname(file);
    // Exclusive: a second daemon on the same root is refused, and WAL needs no shared memory.
    const location = `${pathToFileURL(file).href}?vfs=unix-excl`;
    this.#db = new DatabaseSync(location);
    try {
      this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON');
      this.#verify();
      migrate(this.#db, file);
      const range = this.#prepare('SELECT min(seq) AS oldest, max(seq) AS last FROM event').get();
      this.id = String(this.#prepare('SELECT id FROM store').get()?.['id']);
      this.#lastSeq = Number(range?.['last'] ?? 0);
      this.#oldestSeq = Number(range?.['oldest'] ?? 0);
      this.#clock = this.#continueClock(steadyMs);
      this.#checkpoints = new Checkpoints(this.#db, new DatabaseSync(location), file, onLoss);
    } catch (error) {
      this.#db.close();
      throw storeError(error, `open the database '${file}'`, this.#folder);
    }
    try {
      this.transaction(() => this.#forget());
    } catch (error) {
      // What is past its time may stay until there is room again.
      if (error instanceof StoreError && error.problem !== 'damaged') return;
      this[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * What the age of requests and tombstones is measured by: it goes on where the last daemon stopped and counts the time in
   * which one runs, whatever is done to the machine's clock.
   */
  #continueClock(steadyMs: () => number): () => number {
    const row = this.#prepare(
      'SELECT max(time) AS last FROM (SELECT time FROM request UNION ALL SELECT time FROM tombstone)',
    ).get();
    const base = Number(row?.['last'] ?? 0) - Math.floor(steadyMs());
    return () => base + Math.floor(steadyMs());
  }

  /** Resolves when nothing waits for the disk, and nothing will. Before the disposal. */
  end(): Promise<void> {
    return this.#checkpoints.end();
  }

  [Symbol.dispose](): void {
    this.#checkpoints[Symbol.dispose]();
    this.#db.close();
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #all<Row>(sql: string, ...values: (string | number)[]): Row[] {
    try {
      return this.#prepare(sql).all(...values) as unknown as Row[];
    } catch (error) {
      throw storeError(error, 'read the database', this.#folder);
    }
  }

  /** Throws when a page is not as SQLite has written it: better now than in the midst of a change. */
  #verify(): void {
    const [row] = this.#prepare('PRAGMA quick_check(1)').all();
    const answer = String(row?.['quick_check']);
    if (answer !== 'ok') throw Object.assign(new Error(answer), { errcode: 11 });
  }

  /** Runs `change` in one transaction: all of it happens, or, when it throws, none. */
  transaction<T>(change: () => T): T {
    const [lastSeq, oldestSeq] = [this.#lastSeq, this.#oldestSeq];
    this.#afterCommit = [];
    let result: T;
    try {
      this.#prepare('BEGIN IMMEDIATE').run();
      result = change();
      this.#prepare('COMMIT').run();
      this.#checkpoints.committed();
    } catch (error) {
      this.#lastSeq = lastSeq;
      this.#oldestSeq = oldestSeq;
      if (this.#db.isTransaction) this.#prepare('ROLLBACK').run();
      const told = storeError(error, 'store the change', this.#folder);
      // The WAL has room again once it begins anew.
      if (told instanceof StoreError && told.problem === 'full') this.#checkpoints.begin();
      throw told;
    }
    for (const action of this.#afterCommit) action();
    return result;
  }

  /** Runs the action once the present transaction is committed; never if it is not. */
  afterCommit(action: () => void): void {
    this.#afterCommit.push(action);
  }

  /** In the order in which they were made. */
  containers(): ContainerRow[] {
    return this.#all<ContainerRow>(
      'SELECT id, name, created_at AS createdAt, spec, phase, facts FROM container ORDER BY rowid',
    );
  }

  insertContainer(row: ContainerRow): void {
    this.#prepare(
      'INSERT INTO container (id, name, created_at, spec, phase, facts) VALUES (?, ?, ?, ?, ?, ?)',
    ).run(row.id, row.name, row.createdAt, row.spec, row.phase, row.facts);
  }

  updatePhase(id: string, phase: string, facts: string): void {
    this.#prepare('UPDATE container SET phase = ?, facts = ? WHERE id = ?').run(phase, facts, id);
  }

  updateSpec(id: string, name: string, spec: string): void {
    this.#prepare('UPDATE container SET name = ?, spec = ? WHERE id = ?').run(name, spec, id);
  }

  /** Removes a container and its execs. */
  dropContainer(id: string): void {
    this.#prepare('DELETE FROM container WHERE id = ?').run(id);
  }

  /** Removes a container and its execs and keeps a trace of how it ended. */
  deleteContainer(id: string, name: string, exit: string | null): void {
    this.dropContainer(id);
    this.#prepare('INSERT OR REPLACE INTO tombstone (id, name, time, exit) VALUES (?, ?, ?, ?)').run(
      id,
      name,
      this.#clock(),
      exit,
    );
  }

  tombstone(id: string): Tombstone | null {
    return this.#all<Tombstone>('SELECT id, name, exit FROM tombstone WHERE id = ?', id)[0] ?? null;
  }

  execs(containerId: string): ExecRow[] {
    return this.#all<ExecRow>(
      'SELECT id, container_id AS containerId, number, spec, on_disconnect AS onDisconnect, exit FROM exec WHERE container_id = ? ORDER BY number',
      containerId,
    );
  }

  insertExec(row: ExecRow): void {
    this.#prepare(
      'INSERT INTO exec (id, container_id, number, spec, on_disconnect, exit) VALUES (?, ?, ?, ?, ?, ?)',
    ).run(row.id, row.containerId, row.number, row.spec, row.onDisconnect, row.exit);
  }

  setExecExit(id: string, exit: string): void {
    this.#prepare('UPDATE exec SET exit = ? WHERE id = ?').run(exit, id);
  }

  keepExec(id: string): void {
    this.#prepare("UPDATE exec SET on_disconnect = 'keep' WHERE id = ?").run(id);
  }

  deleteExec(id: string): void {
    this.#prepare('DELETE FROM exec WHERE id = ?').run(id);
  }

  /** Adds an event; call it in the transaction of the change that it tells of. */
  addEvent(event: Omit<EventRow, 'seq'>): number {
    this.#prepare(
      'INSERT INTO event (time, container_id, container_name, action, attributes) VALUES (?, ?, ?, ?, ?)',
    ).run(event.time, event.containerId, event.containerName, event.action, event.attributes);
    this.#lastSeq += 1;
    if (this.#oldestSeq === 0) this.#oldestSeq = this.#lastSeq;
    if (this.#lastSeq % 1000 === 0) this.#forget();
    return this.#lastSeq;
  }

  /** At most `limit` events after `seq`, in order. */
  eventsAfter(seq: number, limit: number): EventRow[] {
    return this.#all<EventRow>(
      'SELECT seq, time, container_id AS containerId, container_name AS containerName, action, attributes FROM event WHERE seq > ? ORDER BY seq LIMIT ?',
      seq,
      limit,
    );
  }

  /** The number of the last event before `time` (milliseconds), or of the one before the oldest. */
  seqBefore(time: number): number {
    const [row] = this.#all<{ seq: number | null }>(
      'SELECT min(seq) AS seq FROM event WHERE time >= ?',
      time,
    );
    return (row?.seq ?? this.#lastSeq + 1) - 1;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get oldestSeq(): number {
    return this.#oldestSeq;
  }

  /** The first call with this id; null when it is new. */
  request(id: string): RequestRow | null {
    const sql = 'SELECT id, asked, result FROM request WHERE id = ? AND time > ?';
    return this.#all<RequestRow>(sql, id, this.#clock() - keepMs)[0] ?? null;
  }

  insertRequest({ id, asked, result }: RequestRow): void {
    this.#prepare('INSERT OR REPLACE INTO request (id, time, asked, result) VALUES (?, ?, ?, ?)').run(
      id,
      this.#clock(),
      asked,
      result,
    );
  }

  /** It led to nothing: the same call may be made again. */
  deleteRequestOf(result: string): void {
    this.#prepare('DELETE FROM request WHERE result = ?').run(result);
  }

  /** Drops what is past its time. */
  #forget(): void {
    const before = this.#clock() - keepMs;
    this.#prepare('DELETE FROM request WHERE time <= ?').run(before);
    this.#prepare('DELETE FROM tombstone WHERE time <= ?').run(before);
    const oldest = this.#lastSeq - keepEvents + 1;
    if (oldest > this.#oldestSeq && this.#oldestSeq > 0) {
      this.#prepare('DELETE FROM event WHERE seq < ?').run(oldest);
      this.#oldestSeq = oldest;
    }
  }
}
