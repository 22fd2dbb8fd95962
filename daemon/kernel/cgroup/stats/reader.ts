import { FileSet } from '../../../native/libliker.ts';
import type { StatsGroup } from './group.ts';

/** Reads one group of figures repeatedly. */
export class StatsReader<T> {
  readonly #group: StatsGroup<T>;
  readonly #files: FileSet;
  #missingAreKnown = false;

  constructor(group: StatsGroup<T>) {
    this.#group = group;
    this.#files = new FileSet(group.files);
  }

  /** The number of files that reads with `keep` leave open. */
  get files(): number {
    return this.#files.size;
  }

  read(keep: boolean): T {
    const texts = this.#files.read(keep);
    if (!this.#missingAreKnown && texts[0] !== null) {
      this.#files.forgetMissing();
      this.#missingAreKnown = true;
    }
    return this.#group.parse(texts);
  }

  close(): void {
    this.#files.close();
  }
}
