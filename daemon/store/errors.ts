import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LikerError, type Reason } from '../../common/errors.ts';
import { own } from '../../common/own.ts';

export type StoreProblem = 'full' | 'read-only' | 'failing' | 'damaged';

/** The database cannot store a change, or cannot be read. No part of the change was made. */
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
    "likerd's database is damaged; restart likerd: it moves the database aside and recovers the running containers",
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

/** The primary result code of an error of node:sqlite; 0 for any other error. */
function resultCode(thrown: unknown): number {
  const { errcode } = thrown as { errcode?: unknown };
  return typeof errcode === 'number' ? errcode & 0xff : 0;
}

/** Another process holds the database. */
export function isLocked(thrown: unknown): boolean {
  return locked.includes(resultCode(thrown));
}

/**
 * Translates an error of SQLite into one that says what is wrong with the disk; returns any other error unchanged. SQLite hides
 * the errno, so a write to the database's folder finds it out.
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

/** Creates and writes a file in the folder. Returns the errno of a failure; empty if it succeeded. */
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
