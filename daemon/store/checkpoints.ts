import { closeSync, fdatasync, openSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { promisify } from 'node:util';

/** Pages of 4 KiB in the WAL from which a checkpoint begins. */
const enoughPages = 1000;
/** New pages needed before trying again after a checkpoint that could not catch up. */
const newPages = 100;
/** The WAL's file is truncated to this size when it is reset. */
const keptBytes = 8 << 20;
/** Pages in the WAL (32 MiB) from which a checkpoint that could not catch up is completed on the event loop. */
const mostPages = 8192;
/** Commits between two looks at the number of pages. */
const commitsBetween = 16;
/** A round leaves the commits made meanwhile to the next one. If commits never pause, the rest waits for the next checkpoint. */
const mostRounds = 10;

/** Pages in the WAL, and those of them that are not copied into the database. */
interface Pages {
  readonly all: number;
  readonly left: number;
}

/**
 * Copies the WAL into the database as SQLite's own checkpoint does, in the same order (https://sqlite.org/wal.html): WAL to disk,
 * copy, database to disk. But it waits for the disk in a thread. Meanwhile a reader pins the WAL: nothing is copied that was
 * not on the disk yet, and no commit resets the WAL before the database is there.
 */
export class Checkpoints implements Disposable {
  readonly #db: DatabaseSync;
  readonly #reader: DatabaseSync;
  readonly #onLoss: (error: Error) => void;
  readonly #databaseFd: number;
  readonly #walFd: number;
  readonly #look: StatementSync;
  #commits = 0;
  #underWay: Promise<void> | null = null;
  #ended = false;
  /** Pages were copied that may not be on the disk. */
  #unsynced = false;

  /**
   * `reader` is another connection to the same database, opened before this; it is closed here. `onLoss`: the disk did not take
   * the database. Everything is still in the WAL, which is then left alone for the next start to copy.
   */
  constructor(db: DatabaseSync, reader: DatabaseSync, file: string, onLoss: (error: Error) => void) {
    this.#db = db;
    this.#reader = reader;
    this.#onLoss = onLoss;
    db.exec(`PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = ${keptBytes}`);
    this.#look = db.prepare('PRAGMA wal_checkpoint(NOOP)');
    // Kept open: closing the file would release the locks that SQLite holds on it (fcntl_locking(2)).
    this.#databaseFd = openSync(file, 'r');
    this.#walFd = openSync(`${file}-wal`, 'r');
    // Makes SQLite open its files now.
    this.#read();
  }

  /** Call it after each commit. */
  committed(): void {
    this.#commits += 1;
    if (this.#commits % commitsBetween === 0) this.begin({ all: enoughPages, left: newPages });
  }

  /** Begins a checkpoint, unless one is under way or there are fewer pages. */
  begin(least: Pages = { all: 0, left: 0 }): void {
    if (this.#ended) return;
    this.#underWay ??= this.#run(least).finally(() => {
      this.#underWay = null;
    });
  }

  /** Resolves when no checkpoint is under way, and none will be. Call it before the disposal. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#underWay;
  }

  /** Call it before the database is closed. */
  [Symbol.dispose](): void {
    this.#ended = true;
    // As long as the reader is open, SQLite does not delete the WAL.
    if (this.#unsynced) return;
    this.#reader.close();
    for (const fd of [this.#databaseFd, this.#walFd]) closeSync(fd);
  }

  async #run(least: Pages): Promise<void> {
    try {
      const { all, left } = this.#pages();
      if (all < least.all || left < least.left) return;
      for (let round = 0; round < mostRounds && !this.#ended; round++) if (await this.#round()) return;
      if (!this.#ended && this.#pages().all >= mostPages) this.#db.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch {
      // Everything is still in the WAL and counts as not copied. More commits start another try.
    }
  }

  /** True when nothing is left to copy, so that the next commit resets the WAL. */
  async #round(): Promise<boolean> {
    if (!this.#reader.isTransaction) {
      this.#reader.exec('BEGIN');
      this.#read();
    }
    await toDisk(this.#walFd);
    if (this.#ended) return false;
    this.#copy();
    try {
      await toDisk(this.#databaseFd);
    } catch (error) {
      // The kernel reports this once and drops the pages, but SQLite counts them as copied.
      this.#ended = true;
      this.#onLoss(error as Error);
      return false;
    }
    this.#unsynced = false;
    this.#reader.exec('COMMIT');
    return this.#pages().left === 0;
  }

  #copy(): void {
    try {
      this.#db.exec('PRAGMA synchronous = OFF');
      this.#db.exec('PRAGMA wal_checkpoint(PASSIVE)');
      // Not if that failed, as on a full disk: SQLite then counts nothing as copied.
      this.#unsynced = true;
    } finally {
      this.#db.exec('PRAGMA synchronous = NORMAL');
    }
  }

  #pages(): Pages {
    const state = this.#look.get();
    const all = Number(state?.['log']);
    return { all, left: all - Number(state?.['checkpointed']) };
  }

  /** SQLite pins the WAL only once the transaction has read something. */
  #read(): void {
    this.#reader.prepare('SELECT 1 FROM sqlite_schema').get();
  }
}

const toDisk = promisify(fdatasync);
