import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { retry } from '../loop/retry.ts';
import { Semaphore } from '../loop/semaphore.ts';
import { removeTree } from '../native/libliker.ts';
import { roomBelow } from './room.ts';

/** Between attempts to remove a tree. */
const pauses = { firstMs: 200, longestMs: 60_000 };

/** A folder of what is being removed: a removal is one rename, and a thread frees the files later. */
export class Trash {
  readonly #folder: string;
  /** Trees are removed one at a time, also those of other trashes with the same `turns`: there are few threads. */
  readonly #turns: Semaphore;

  /** Goes on with what an earlier daemon left in the folder. */
  constructor(folder: string, turns = new Semaphore(1)) {
    this.#folder = folder;
    this.#turns = turns;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder)) this.empty(join(folder, name));
  }

  /** Moves a folder here, and returns its new path; null when it did not exist. */
  take(path: string): string | null {
    return moveInto(this.#folder, path);
  }

  /** Removes a tree in its turn, and tries again later if it cannot. */
  empty(path: string): void {
    void this.#turns.run(() => this.remove(path));
  }

  /** The same, in the caller's turn. */
  async remove(path: string): Promise<void> {
    const attempt = () =>
      removeTree(path).then(
        () => true,
        () => false,
      );
    if (!(await attempt())) void retry(() => this.#turns.run(attempt), pauses);
  }

  /** What is not removed yet. */
  async usage(): Promise<{ readonly count: number; readonly bytes: number }> {
    const [names, bytes] = await Promise.all([readdir(this.#folder), roomBelow(this.#folder)]);
    return { count: names.length, bytes };
  }
}

/** Moves a folder into another one under a name, and returns its new path; null when it did not exist. */
export function moveInto(folder: string, path: string, name: string = randomUUID()): string | null {
  const target = join(folder, name);
  try {
    renameSync(path, target);
    return target;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    // A full disk may have no room for the new name, so the folder is emptied in place.
    if (['ENOSPC', 'EDQUOT'].includes(code)) return path;
    throw error;
  }
}
