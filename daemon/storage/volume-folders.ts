import { chmodSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { roomBelow } from './room.ts';
import type { Trash } from './trash.ts';

/** Folders of volumes below ROOT/volumes, which is closed: NAME/_data is what containers see, as Docker has it. */
export class VolumeFolders {
  readonly #volumes: string;
  readonly #trash: Pick<Trash, 'take' | 'empty'>;

  constructor(root: string, trash: Pick<Trash, 'take' | 'empty'>) {
    this.#volumes = join(root, 'volumes');
    this.#trash = trash;
    mkdirSync(this.#volumes, { recursive: true, mode: 0o700 });
  }

  of(name: string): string {
    return join(this.#volumes, name, '_data');
  }

  exists(name: string): boolean {
    return statSync(this.of(name), { throwIfNoEntry: false })?.isDirectory() ?? false;
  }

  /** Names of volumes that have a folder. */
  list(): string[] {
    return readdirSync(this.#volumes).filter((name) => this.exists(name));
  }

  create(name: string): void {
    const folder = this.of(name);
    mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o755);
  }

  /** Removes a volume's folder, if it exists. */
  remove(name: string): void {
    const trashed = this.#trash.take(dirname(this.of(name)));
    if (trashed !== null) this.#trash.empty(trashed);
  }

  /** Bytes that its files take on the disk. */
  size(name: string): Promise<number> {
    return roomBelow(this.of(name));
  }
}
