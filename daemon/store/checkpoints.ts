import { closeSync, fdatasync, openSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { promisify } from 'node:util';

/** Pages of 4 KiB in the WAL from which on it is done. */
const enoughPages = 1000;
/** Of these, not copied yet: what came since all rounds of the last time were in vain. */
const newPages = 100;
/** What the WAL's file keeps of its size when it begins anew. */
const keptBytes = 8 << 20;
/** Pages in the WAL (32 MiB) from which on SQLite does it at once, whoever waits. */
const mostPages = 8192;
/** Commits between two looks at how many pages there are. */
const commitsBetween = 16;
/** Commits that come during a round need another; when they never pause, it is tried again later. */
const mostRounds = 10;

/** In the WAL, and those of them that are not copied. */
interface Pages {
  readonly all: number;
  readonly left: number;
}

/**
 * Copies the WAL into the database as SQLite's own checkpoint does it, in the same order (https://sqlite.org/wal.html), but
 * waits for the disk in a thread: WAL to disk, copy, database to disk. A reader holds the WAL meanwhile: nothing later than what
 * was on the disk is copied, and commits do not begin it anew before the database is there.
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
  /** Copied, and not known to be on the disk. */
  #unsynced = false;

  /**
   * `reader` is a connection of its own to the same database, which is open by now; it is closed with this. `onLoss`: the disk did
   * not take the database. All is in the WAL, which is left as it is from then on, for the next start to copy.
   */
  constructor(db: DatabaseSync, reader: DatabaseSync, file: string, onLoss: (error: Error) => void) {
    this.#db = db;
    this.#reader = reader;
    this.#onLoss = onLoss;
    db.exec(`PRAGMA wal_autocheckpoint = ${mostPages}; PRAGMA journal_size_limit = ${keptBytes}`);
    this.#look = db.prepare('PRAGMA wal_checkpoint(NOOP)');
    // Kept open: to close the file would give up the locks that SQLite has on it (fcntl_locking(2)).
    this.#databaseFd = openSync(file, 'r');
    this.#walFd = openSync(`${file}-wal`, 'r');
    // Opens all files now.
    this.#read();
  }

  /** Call it after each commit. */
  committed(): void {
    this.#commits += 1;
    if (this.#commits % commitsBetween === 0) this.begin({ all: enoughPages, left: newPages });
  }

  /** Now, unless one is under way or there are fewer pages. */
  begin(least: Pages = { all: 0, left: 0 }): void {
    if (this.#ended) return;
    this.#underWay ??= this.#run(least).finally(() => {
      this.#underWay = null;
    });
  }

  /** Resolves when none is under way, and none will be. Before the disposal. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#underWay;
  }

  /** Before the database is closed. */
  [Symbol.dispose](): void {
    this.#ended = true;
    // As long as somebody reads, SQLite does not remove the WAL.
    if (this.#unsynced) return;
    this.#reader.close();
    for (const fd of [this.#databaseFd, this.#walFd]) closeSync(fd);
  }

  async #run(least: Pages): Promise<void> {
    try {
      const { all, left } = this.#pages();
      if (all < least.all || left < least.left) return;
      for (let round = 0; round < mostRounds && !this.#ended; round++) if (await this.#round()) break;
    } catch {
      // All is in the WAL still, and not held to be copied; it is tried again after more commits.
    }
  }

  /** True when the next commit begins the WAL anew. */
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
      // The kernel tells it once and forgets the pages; SQLite holds them to be copied.
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
      // Not when that failed, on a full disk: SQLite then holds nothing to be copied.
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

  /** In a transaction, only what has read holds the WAL. */
  #read(): void {
    this.#reader.prepare('SELECT 1 FROM sqlite_schema').get();
  }
}

const toDisk = promisify(fdatasync);
