import { asError, LikerError } from '../../../../common/errors.ts';
import { tellSystemError } from '../../../../common/exhausted.ts';
import type { Log } from '../../../host/log.ts';
import { Semaphore } from '../../../loop/semaphore.ts';
import type { VolumeFolders } from '../../../storage/volume-folders.ts';
import type { Store } from '../../../store/store.ts';
import type { VolumeRow } from '../../../store/tables/volume.ts';
import type { Journal } from '../../journal/journal.ts';
import type { RequestKey } from '../../journal/requests.ts';
import { fromVolumeRow, toVolumeRow, type Volume, volumeEvent } from './volume.ts';

/** What a start does with the volumes that were never filled. */
export interface Filling extends Disposable {
  /** From here on files may be there that are not whole. */
  begin(): void;
  end(): void;
}

/** All volumes. A volume is a row and a folder: the folder is made first, and goes last. */
export class Volumes {
  readonly #journal: Journal;
  readonly #store: Store;
  readonly #folders: VolumeFolders;
  readonly #log: Log;
  readonly #byName = new Map<string, Volume>();
  /** One start at a time fills a volume. */
  readonly #filling = new Map<string, Semaphore>();

  constructor(journal: Journal, store: Store, folders: VolumeFolders, log: Log) {
    this.#journal = journal;
    this.#store = store;
    this.#folders = folders;
    this.#log = log;
  }

  /**
   * Compares the records with the folders, and finishes removals. A folder without a record that can be read becomes a volume again:
   * what people keep in it is not thrown away because a database was lost or damaged.
   */
  adopt(): void {
    for (const row of this.#store.volumes.all()) {
      const volume = this.#readRow(row);
      if (volume === null) continue;
      this.#byName.set(volume.name, volume);
      if (volume.state === 'removing') this.#removeLeft({ ...volume, state: 'ready' });
    }
    this.reconcile();
  }

  /** Names of volumes without a folder, and of folders without a volume. */
  compare(): { readonly missing: readonly string[]; readonly strange: readonly string[] } {
    const names = [...this.#byName.keys()].sort();
    return {
      missing: names.filter((name) => !this.#folders.exists(name)),
      strange: this.#folders.list().filter((name) => !this.#byName.has(name)),
    };
  }

  /** Makes folders and volumes agree. Nothing is removed. */
  reconcile(): void {
    const { missing, strange } = this.compare();
    for (const volume of missing) {
      this.#log.error('the folder of a volume is gone; it begins anew, empty', { volume });
      this.#folders.create(volume);
    }
    for (const name of strange) {
      this.#log.warn('a folder of a volume has no record; it is a volume again', { volume: name });
      this.#insert({
        name,
        createdAt: Date.now(),
        isAnonymous: false,
        labels: {},
        state: 'ready',
        leaseId: '',
      });
    }
  }

  /** Null: it cannot be read, and is gone. */
  #readRow(row: VolumeRow): Volume | null {
    try {
      return fromVolumeRow(row);
    } catch (error) {
      const fields = { volume: row.name, error: asError(error).message };
      this.#log.error('the record of a volume cannot be read; its labels are lost', fields);
      this.#journal.record({ write: () => this.#store.volumes.delete(row.name) });
      return null;
    }
  }

  /** By name. */
  all(): Volume[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get(name: string): Volume | null {
    return this.#byName.get(name) ?? null;
  }

  /** Errors: VOLUME_NOT_FOUND. */
  find(name: string): Volume {
    const volume = this.get(name);
    if (volume) return volume;
    throw new LikerError('VOLUME_NOT_FOUND', `No such volume: '${name}'; 'likerctl volume ls' lists all`, {
      metadata: { volume: name },
    });
  }

  /** The files of a volume, whether it exists or not. */
  folderOf(name: string): string {
    return this.#folders.of(name);
  }

  sizeOf(name: string): Promise<number> {
    return this.#folders.size(name);
  }

  /** Makes a volume that does not exist yet. If anything fails, nothing is left behind. */
  create(
    asked: Pick<Volume, 'name' | 'isAnonymous' | 'labels' | 'leaseId'>,
    request: RequestKey | null = null,
  ): Volume {
    const { name } = asked;
    try {
      this.#folders.create(name);
      return this.#insert({ ...asked, createdAt: Date.now(), state: 'fresh' }, request);
    } catch (error) {
      this.#folders.remove(name);
      throw tellSystemError(error, `create volume '${name}'`);
    }
  }

  /** Removes a volume that nobody uses. Its files are freed later. */
  remove(volume: Volume, request: RequestKey | null = null): void {
    this.#journal.decideUnlessFull({
      write: () => this.#store.volumes.setState(volume.name, 'removing'),
      request: request && { ...request, result: volume.name },
    });
    try {
      this.#finishRemoval(volume);
    } catch (error) {
      if (request) this.#forget(request);
      throw error;
    }
  }

  /** A request that led to nothing. */
  #forget(request: RequestKey): void {
    this.#journal.withdraw(request);
    this.#journal.record({ write: () => this.#store.requests.delete(request.id) });
  }

  #removeLeft(volume: Volume): void {
    try {
      this.#finishRemoval(volume);
    } catch (error) {
      const fields = { volume: volume.name, error: asError(error).message };
      this.#log.error('a volume cannot be removed', fields);
    }
  }

  /** If it fails, the volume is what it was. */
  #finishRemoval(volume: Volume): void {
    try {
      this.#folders.remove(volume.name);
    } catch (error) {
      this.#setState(volume.name, volume.state);
      throw error;
    }
    this.#byName.delete(volume.name);
    this.#journal.record({
      write: () => this.#store.volumes.delete(volume.name),
      events: [volumeEvent(volume, 'destroy')],
    });
  }

  /** Waits until no other start fills one of these volumes, and keeps others from it until it is disposed of. */
  async reserveToFill(names: readonly string[]): Promise<Filling> {
    const places: Disposable[] = [];
    const isUnready = (name: string): boolean => this.#byName.get(name)?.state !== 'ready';
    // In one order, so that two starts cannot wait for each other.
    for (const name of [...new Set(names)].filter(isUnready).sort())
      places.push(await this.#laneOf(name).enter());
    const unready = names.filter(isUnready);
    return {
      begin: () => {
        for (const name of unready) this.#setState(name, 'filling');
      },
      end: () => {
        for (const name of unready) {
          this.#setState(name, 'ready');
          this.#filling.delete(name);
        }
      },
      [Symbol.dispose]: () => {
        for (const place of places) place[Symbol.dispose]();
      },
    };
  }

  #laneOf(name: string): Semaphore {
    const lane = this.#filling.get(name) ?? new Semaphore(1);
    this.#filling.set(name, lane);
    return lane;
  }

  #setState(name: string, state: Volume['state']): void {
    const volume = this.#byName.get(name);
    if (!volume) return;
    this.#byName.set(name, { ...volume, state });
    this.#journal.record({ write: () => this.#store.volumes.setState(name, state) });
  }

  #insert(volume: Volume, request: RequestKey | null = null): Volume {
    this.#journal.decide({
      write: () => this.#store.volumes.insert(toVolumeRow(volume)),
      request: request && { ...request, result: volume.name },
      events: [volumeEvent(volume, 'create')],
    });
    this.#byName.set(volume.name, volume);
    return volume;
  }
}
