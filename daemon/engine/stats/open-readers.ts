import { readFileSync } from 'node:fs';
import type { StatsReader } from '../../kernel/cgroup/stats/reader.ts';
import type { Container } from '../container/container.ts';
import type { EngineContext } from '../context.ts';
import { type Figures, figuresReader } from './figures.ts';

interface Open {
  readonly reader: StatsReader<Figures>;
  usedAt: number;
}

/** After so long without a read the files are closed: longer than between two scrapes. */
const idleMs = 150_000;

/**
 * Readers of containers that somebody watches: their files stay open from one read to the next, which is what makes
 * many containers cheap. They take no more than a quarter of the files that the daemon may have open.
 */
export class OpenReaders {
  readonly #open = new Map<string, Open>();
  readonly #mostFiles: number;
  #files = 0;
  #sweeper: NodeJS.Timeout | null = null;

  constructor(mostFiles = Math.floor(openFilesLimit() / 4)) {
    this.#mostFiles = mostFiles;
  }

  /** Null for a container that does not run. With `watched` it is about to be read again. */
  read(context: EngineContext, container: Container, watched: boolean): Figures | null {
    const known = this.#open.get(container.id);
    if (known !== undefined) {
      known.usedAt = Date.now();
      return known.reader.read(true);
    }
    const reader = figuresReader(context, container);
    if (reader === null) return null;
    const keep = watched && this.#files + reader.files <= this.#mostFiles;
    if (keep) this.#keep(container.id, reader);
    return reader.read(keep);
  }

  #keep(id: string, reader: StatsReader<Figures>): void {
    this.#open.set(id, { reader, usedAt: Date.now() });
    this.#files += reader.files;
    this.#sweeper ??= setInterval(() => this.#closeIdle(), idleMs / 2).unref();
  }

  /** The run of a container is over. */
  close(id: string): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    this.#files -= open.reader.files;
    open.reader.close();
    if (this.#open.size > 0 || this.#sweeper === null) return;
    clearInterval(this.#sweeper);
    this.#sweeper = null;
  }

  #closeIdle(): void {
    const before = Date.now() - idleMs;
    for (const [id, { usedAt }] of this.#open) if (usedAt < before) this.close(id);
  }
}

/** Of this process (getrlimit(2)); Node.js has raised it as far as it may. */
function openFilesLimit(): number {
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? 1024);
}
