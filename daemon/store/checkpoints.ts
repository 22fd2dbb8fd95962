import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';

/** Of some 16 KiB in the WAL each. */
const commitsBetween = 256;
/** Commits that come during a round need another; when they never pause, it is tried again later. */
const mostRounds = 10;
/** Pages in the WAL (32 MiB) from which on SQLite does it at once, whoever waits. */
const mostPages = 8192;

/**
 * Copies the WAL into the database as SQLite's own checkpoint does it, in the same order (https://sqlite.org/wal.html), but
 * waits for the disk in a thread: WAL to disk, copy, database to disk. A reader holds the WAL meanwhile: nothing later than what
 * was on the disk is copied, and commits do not begin it anew before the database is there.
 */
export class Checkpoints implements Disposable {
  readonly #db: DatabaseSync;
  readonly #reader: DatabaseSync;
  readonly #databaseFd: number;
  readonly #walFd: number;
  #commits = 0;
  #underWay = false;
  /** Copied, and not known to be on the disk. */
  #unsynced = false;
  #disposed = false;

  /** `reader` is a connection of its own to the same database, which is open by now; it is closed with this. */
  constructor(db: DatabaseSync, reader: DatabaseSync, file: string) {
    this.#db = db;
    this.#reader = reader;
    db.exec(`PRAGMA wal_autocheckpoint = ${mostPages}`);
    // Kept open: to close the file would give up the locks that SQLite has on it (fcntl_locking(2)).
    this.#databaseFd = openSync(file, 'r');
    this.#walFd = openSync(`${file}-wal`, 'r');
    // Opens all files now.
    this.#read();
  }

  /** Call it after each commit. */
  committed(): void {
    this.#commits += 1;
    if (this.#commits >= commitsBetween) this.begin();
  }

  /** Now, unless one is under way. */
  begin(): void {
    if (this.#underWay) return;
    this.#commits = 0;
    void this.#run();
  }

  /** Before the database is closed. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    if (this.#unsynced) fdatasyncSync(this.#databaseFd);
    this.#reader.close();
    for (const fd of [this.#databaseFd, this.#walFd]) closeSync(fd);
  }

  async #run(): Promise<void> {
    this.#underWay = true;
    try {
      for (let round = 0; round < mostRounds; round++) if (await this.#round()) break;
    } catch {
      // All is in the WAL still; it is tried again after more commits.
    } finally {
      this.#underWay = false;
    }
  }

  /** True when the next commit begins the WAL anew. */
  async #round(): Promise<boolean> {
    if (!this.#reader.isTransaction) {
      this.#reader.exec('BEGIN');
      this.#read();
    }
    await toDisk(this.#walFd);
    if (this.#disposed) return true;
    this.#unsynced = true;
    try {
      this.#db.exec('PRAGMA synchronous = OFF');
      this.#db.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } finally {
      this.#db.exec('PRAGMA synchronous = NORMAL');
    }
    await toDisk(this.#databaseFd);
    if (this.#disposed) return true;
    this.#unsynced = false;
    this.#reader.exec('COMMIT');
    const state = this.#db.prepare('PRAGMA wal_checkpoint(NOOP)').get();
    return state?.['log'] === state?.['checkpointed'];
  }

  /** In a transaction, only what has read holds the WAL. */
  #read(): void {
    this.#reader.prepare('SELECT 1 FROM sqlite_schema').get();
  }
}

const toDisk = promisify(fdatasync);
