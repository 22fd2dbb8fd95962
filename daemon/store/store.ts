import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { LikerError } from '../../common/errors.ts';
import { migrate } from './schema.ts';

/** A container as stored; spec, phase and facts are JSON of the engine's types. */
export interface ContainerRow {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly spec: string;
  readonly phase: string;
  readonly facts: string;
}

export interface ExecRow {
  readonly id: string;
  readonly containerId: string;
  readonly number: number;
  readonly spec: string;
  readonly onDisconnect: string;
  /** Null while it runs. */
  readonly exit: string | null;
}

export interface EventRow {
  readonly seq: number;
  readonly time: number;
  readonly containerId: string;
  readonly containerName: string;
  readonly action: string;
  readonly attributes: string;
}

export interface Tombstone {
  readonly id: string;
  readonly name: string;
  readonly exit: string | null;
}

/** SQLITE_FULL (https://sqlite.org/rescode.html#full). */
const sqliteFull = 13;

function diskFull(cause: unknown): LikerError {
  return new LikerError(
    'TOO_MANY',
    "Cannot store the change: the disk that holds likerd's --root is full; free some space and try again",
    { cause },
  );
}

/** How long the result of a request, and the trace of a removed container, are kept. */
const keepMs = 10 * 60_000;
const keepEvents = 100_000;

/**
 * The engine's memory: SQLite in WAL mode. Every change of state is one transaction, written with `transaction`.
 * All calls are synchronous and take tens of microseconds: nothing waits for the disk but a checkpoint.
 */
export class Store {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #lastSeq: number;
  #oldestSeq: number;

  constructor(file: string) {
    this.#db = new DatabaseSync(file);
    // Exclusive: a second daemon on the same root is refused, and WAL needs no shared memory.
    this.#db.exec(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON',
    );
    migrate(this.#db, file);
    const range = this.#prepare('SELECT min(seq) AS oldest, max(seq) AS last FROM event').get();
    this.#lastSeq = Number(range?.['last'] ?? 0);
    this.#oldestSeq = Number(range?.['oldest'] ?? 0);
    this.#forget();
  }

  [Symbol.dispose](): void {
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

  /** Runs `change` in one transaction: all of it happens, or, when it throws, none. */
  transaction<T>(change: () => T): T {
    const lastSeq = this.#lastSeq;
    this.#prepare('BEGIN IMMEDIATE').run();
    try {
      const result = change();
      this.#prepare('COMMIT').run();
      return result;
    } catch (error) {
      this.#lastSeq = lastSeq;
      if (this.#db.isTransaction) this.#prepare('ROLLBACK').run();
      if ((error as { errcode?: number }).errcode === sqliteFull) throw diskFull(error);
      throw error;
    }
  }

  containers(): ContainerRow[] {
    return this.#prepare(
      'SELECT id, name, created_at AS createdAt, spec, phase, facts FROM container ORDER BY created_at, rowid',
    ).all() as unknown as ContainerRow[];
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

  /** Removes a container and its execs and keeps a trace of how it ended. */
  deleteContainer(id: string, name: string, exit: string | null): void {
    this.#prepare('DELETE FROM container WHERE id = ?').run(id);
    this.#prepare('INSERT OR REPLACE INTO tombstone (id, name, time, exit) VALUES (?, ?, ?, ?)').run(
      id,
      name,
      Date.now(),
      exit,
    );
  }

  tombstone(id: string): Tombstone | null {
    const row = this.#prepare('SELECT id, name, exit FROM tombstone WHERE id = ?').get(id);
    return (row as unknown as Tombstone | undefined) ?? null;
  }

  execs(containerId: string): ExecRow[] {
    return this.#prepare(
      'SELECT id, container_id AS containerId, number, spec, on_disconnect AS onDisconnect, exit FROM exec WHERE container_id = ? ORDER BY number',
    ).all(containerId) as unknown as ExecRow[];
  }

  insertExec(row: ExecRow): void {
    this.#prepare(
      'INSERT INTO exec (id, container_id, number, spec, on_disconnect, exit) VALUES (?, ?, ?, ?, ?, ?)',
    ).run(row.id, row.containerId, row.number, row.spec, row.onDisconnect, row.exit);
  }

  setExecExit(id: string, exit: string): void {
    this.#prepare('UPDATE exec SET exit = ? WHERE id = ?').run(exit, id);
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
    return this.#prepare(
      'SELECT seq, time, container_id AS containerId, container_name AS containerName, action, attributes FROM event WHERE seq > ? ORDER BY seq LIMIT ?',
    ).all(seq, limit) as unknown as EventRow[];
  }

  /** The number of the last event before `time` (milliseconds), or of the one before the oldest. */
  seqBefore(time: number): number {
    const row = this.#prepare('SELECT min(seq) AS seq FROM event WHERE time >= ?').get(time);
    const first = row?.['seq'];
    return first === null || first === undefined ? this.#lastSeq : Number(first) - 1;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get oldestSeq(): number {
    return this.#oldestSeq;
  }

  /** What the first call with this id led to; null when it is new. */
  request(id: string): string | null {
    const row = this.#prepare('SELECT result FROM request WHERE id = ? AND time > ?').get(
      id,
      Date.now() - keepMs,
    );
    return row ? String(row['result']) : null;
  }

  insertRequest(id: string, result: string): void {
    this.#prepare('INSERT OR REPLACE INTO request (id, time, result) VALUES (?, ?, ?)').run(
      id,
      Date.now(),
      result,
    );
  }

  /** Drops what is past its time. */
  #forget(): void {
    const before = Date.now() - keepMs;
    this.#prepare('DELETE FROM request WHERE time <= ?').run(before);
    this.#prepare('DELETE FROM tombstone WHERE time <= ?').run(before);
    const oldest = this.#lastSeq - keepEvents + 1;
    if (oldest > this.#oldestSeq && this.#oldestSeq > 0) {
      this.#prepare('DELETE FROM event WHERE seq < ?').run(oldest);
      this.#oldestSeq = oldest;
    }
  }
}
