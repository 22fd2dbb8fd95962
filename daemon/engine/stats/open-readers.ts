import { readFileSync } from 'node:fs';
import type { StatsReader } from '../../kernel/cgroup/stats/reader.ts';
import type { Figures } from './model.ts';

interface Watched {
  readonly reader: StatsReader<Figures>;
  /** Its files are kept open. */
  open: boolean;
  usedAt: number;
}

/** Files are closed after this long without a read. It is longer than the interval between two scrapes. */
const idleMs = 150_000;

/**
 * Readers of watched containers, whose files stay open between reads: opening them is most of the cost of a read. They use at
 * most half of the files that the daemon may have open; a container itself needs two or three.
 */
export class OpenReaders {
  readonly #watched = new Map<string, Watched>();
  readonly #mostFiles: number;
  #files = 0;
  #sweeper: NodeJS.Timeout | null = null;

  constructor(mostFiles = Math.floor(openFilesLimit() / 2)) {
    this.#mostFiles = mostFiles;
  }

  /** The figures of a container; null when `make` returns no reader. `watched`: it will be read again soon. */
  read(id: string, make: () => StatsReader<Figures> | null, watched: boolean): Figures | null {
    const known = this.#watched.get(id);
    if (known !== undefined) return this.#readWatched(known);
    const reader = make();
    if (reader === null || !watched) return reader?.read(false) ?? null;
    const added = { reader, open: false, usedAt: 0 };
    this.#watched.set(id, added);
    this.#sweeper ??= setInterval(() => this.#closeIdle(), idleMs / 2).unref();
    return this.#readWatched(added);
  }

  #readWatched(watched: Watched): Figures {
    watched.usedAt = Date.now();
    if (!watched.open && this.#files + watched.reader.files <= this.#mostFiles) {
      watched.open = true;
      this.#files += watched.reader.files;
    }
    return watched.reader.read(watched.open);
  }

  /** Call it when the run of a container is over. */
  close(id: string): void {
    const watched = this.#watched.get(id);
    if (watched === undefined) return;
    this.#watched.delete(id);
    if (watched.open) this.#files -= watched.reader.files;
    watched.reader.close();
    if (this.#watched.size > 0 || this.#sweeper === null) return;
    clearInterval(this.#sweeper);
    this.#sweeper = null;
  }

  #closeIdle(): void {
    const before = Date.now() - idleMs;
    for (const [id, { usedAt }] of this.#watched) if (usedAt < before) this.close(id);
  }
}

/** The limit of this process (getrlimit(2)), which Node.js has raised as far as allowed. */
function openFilesLimit(): number {
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? 1024);
}
