import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { Checkpoints } from './checkpoints.ts';
import { StoreError, storeError } from './errors.ts';
import { migrate } from './schema.ts';

/** The rows of a query with numbers that likerd never writes: one damaged row must not cost all others. */
function approximate(statement: StatementSync, values: readonly Value[]): object[] {
  statement.setReadBigInts(true);
  try {
    return statement.all(...values).map((row) => {
      const pairs = Object.entries(row).map(([name, value]) => [
        name,
        typeof value === 'bigint' ? Number(value) : value,
      ]);
      return Object.fromEntries(pairs);
    });
  } finally {
    statement.setReadBigInts(false);
  }
}

type Value = string | number | null;

/**
 * A SQLite database in WAL mode, with the newest schema. All calls are synchronous and take tens of microseconds; checkpoints
 * wait for the disk in a thread.
 */
export class Database implements Disposable {
  readonly #db: DatabaseSync;
  readonly #checkpoints: Checkpoints;
  readonly #statements = new Map<string, StatementSync>();
  readonly #folder: string;
  #afterCommit: (() => void)[] = [];

  /**
   * Throws StoreError when the file cannot be read, or cannot be created. `onLoss`: the disk did not take what is in the WAL, which
   * grows from now on until the database is opened again.
   */
  constructor(file: string, onLoss: (error: Error) => void) {
    this.#folder = dirname(file);
    // Exclusive: a second daemon on the same root is refused, and WAL needs no shared memory.
    const location = `${pathToFileURL(file).href}?vfs=unix-excl`;
    this.#db = new DatabaseSync(location);
    try {
      this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON');
      this.#verify();
      migrate(this.#db, file);
      this.#checkpoints = new Checkpoints(this.#db, new DatabaseSync(location), file, onLoss);
    } catch (error) {
      this.#db.close();
      throw storeError(error, `open the database '${file}'`, this.#folder);
    }
  }

  /** Resolves when nothing waits for the disk, and nothing will. Call it before the disposal. */
  end(): Promise<void> {
    return this.#checkpoints.end();
  }

  [Symbol.dispose](): void {
    this.#checkpoints[Symbol.dispose]();
    this.#db.close();
  }

  /** The rows of a query. Throws StoreError. */
  all<Row>(sql: string, ...values: Value[]): Row[] {
    const statement = this.#prepare(sql);
    try {
      return statement.all(...values) as unknown as Row[];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_OUT_OF_RANGE')
        return approximate(statement, values) as Row[];
      throw storeError(error, 'read the database', this.#folder);
    }
  }

  /** Runs a statement that changes rows, as a part of a transaction. Returns the id of the row that it has inserted. */
  run(sql: string, ...values: Value[]): number {
    return Number(this.#prepare(sql).run(...values).lastInsertRowid);
  }

  /** Runs `change` in one transaction: all of it happens, or, when it throws, none. Throws StoreError. */
  transaction(change: () => void): void {
    this.#afterCommit = [];
    try {
      this.run('BEGIN IMMEDIATE');
      change();
      this.run('COMMIT');
      this.#checkpoints.committed();
    } catch (error) {
      if (this.#db.isTransaction) this.run('ROLLBACK');
      const problem = storeError(error, 'store the change', this.#folder);
      // The WAL has room again once it is reset.
      if (problem instanceof StoreError && problem.problem === 'full') this.#checkpoints.begin();
      throw problem;
    }
    for (const action of this.#afterCommit) action();
  }

  /** Runs the action once the present transaction is committed; never if it is not. */
  afterCommit(action: () => void): void {
    this.#afterCommit.push(action);
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** Throws when a page is not as SQLite wrote it: better now than in the middle of a change. */
  #verify(): void {
    const answer = String(this.#db.prepare('PRAGMA quick_check(1)').get()?.['quick_check']);
    if (answer !== 'ok') throw Object.assign(new Error(answer), { errcode: 11 });
  }
}
