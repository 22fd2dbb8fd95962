import { readFileSync } from 'node:fs';
import type { StatsReader } from '../../kernel/cgroup/stats/reader.ts';
import type { Figures } from './model.ts';

interface Watched {
  readonly reader: StatsReader<Figures>;
  /** Its files stay open. */
  open: boolean;
  usedAt: number;
}

/** After so long without a read the files are closed: longer than between two scrapes. */
const idleMs = 150_000;

/**
 * Readers of containers that somebody watches: their files stay open from one read to the next, which is what makes
 * many containers cheap. They take no more than half of the files that the daemon may have open; a container itself takes
 * two or three.
 */
export class OpenReaders {
  readonly #watched = new Map<string, Watched>();
  readonly #mostFiles: number;
  #files = 0;
  #sweeper: NodeJS.Timeout | null = null;

  constructor(mostFiles = Math.floor(openFilesLimit() / 2)) {
    this.#mostFiles = mostFiles;
  }

  /** The figures of a container, null when `make` makes no reader for it. With `watched` it is about to be read again. */
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

  /** The run of a container is over. */
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

/** Of this process (getrlimit(2)); Node.js has raised it as far as it may. */
function openFilesLimit(): number {
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? 1024);
}
