import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LikerError, type Reason } from '../../common/errors.ts';
import { own } from '../../common/own.ts';

export type StoreProblem = 'full' | 'read-only' | 'failing' | 'damaged';

/** The database cannot take a change, or cannot be read. Nothing of the change was made. */
export class StoreError extends LikerError {
  readonly problem: StoreProblem;

  constructor(problem: StoreProblem, tried: string, cause: unknown) {
    const [reason, why] = explanations[problem];
    super(reason, `Cannot ${tried}: ${why}`, { cause, metadata: { problem } });
    this.problem = problem;
  }
}

const explanations: Readonly<Record<StoreProblem, readonly [Reason, string]>> = {
  full: ['TOO_MANY', "the disk that holds likerd's --root is full; free some space and try again"],
  'read-only': [
    'STORE_FAILED',
    "the file system that holds likerd's --root is read-only; make it writable and try again",
  ],
  failing: [
    'STORE_FAILED',
    "the disk that holds likerd's --root fails to read or write; look at the kernel's log (dmesg)",
  ],
  damaged: [
    'STORE_FAILED',
    "likerd's database is damaged; start likerd again: it moves the database aside and keeps what runs",
  ],
};

/** Primary result codes (https://sqlite.org/rescode.html). */
const problems: Readonly<Record<number, StoreProblem>> = {
  8: 'read-only', // SQLITE_READONLY
  10: 'failing', // SQLITE_IOERR
  11: 'damaged', // SQLITE_CORRUPT
  13: 'full', // SQLITE_FULL
  14: 'failing', // SQLITE_CANTOPEN
  26: 'damaged', // SQLITE_NOTADB
};
const locked = [5, 6]; // SQLITE_BUSY, SQLITE_LOCKED

/** The primary result code of what node:sqlite has thrown; 0 for anything else. */
function resultCode(thrown: unknown): number {
  const { errcode } = thrown as { errcode?: unknown };
  return typeof errcode === 'number' ? errcode & 0xff : 0;
}

/** Another process holds the database. */
export function isLocked(thrown: unknown): boolean {
  return locked.includes(resultCode(thrown));
}

/**
 * What SQLite has thrown as an error that says what is wrong with the disk; anything else as it is. SQLite keeps the errno
 * to itself, so that the folder of the database is asked.
 */
export function storeError(thrown: unknown, tried: string, folder: string): unknown {
  const problem = problems[resultCode(thrown)];
  if (!problem) return thrown;
  return new StoreError(
    problem === 'failing' ? (own(byErrno, probe(folder)) ?? problem) : problem,
    tried,
    thrown,
  );
}

const byErrno: Readonly<Record<string, StoreProblem>> = {
  EROFS: 'read-only',
  ENOSPC: 'full',
  EDQUOT: 'full',
};

/** The errno of making a file in the folder and writing to it; empty when that can be done. */
export function probe(folder: string): string {
  const path = join(folder, `probe-${process.pid}`);
  try {
    writeFileSync(path, 'x');
    return '';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? '';
  } finally {
    rmSync(path, { force: true });
  }
}
