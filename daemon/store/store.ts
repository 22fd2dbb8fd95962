import { ageClock } from './age-clock.ts';
import { Database } from './database.ts';
import { StoreError } from './errors.ts';
import { blobTable } from './tables/blob.ts';
import { containerTable } from './tables/container.ts';
import { containerImageTable } from './tables/container-image.ts';
import { endpointTable } from './tables/endpoint.ts';
import { EventTable } from './tables/event.ts';
import { execTable } from './tables/exec.ts';
import { idRangeTable } from './tables/id-range.ts';
import { imageTable } from './tables/image.ts';
import { imageNameTable } from './tables/image-name.ts';
import { layerTable } from './tables/layer.ts';
import { layerBlobTable } from './tables/layer-blob.ts';
import { leaseTable } from './tables/lease.ts';
import { manifestTable } from './tables/manifest.ts';
import { networkTable } from './tables/network.ts';
import { recipeTable } from './tables/recipe.ts';
import { requestTable } from './tables/request.ts';
import { tombstoneTable } from './tables/tombstone.ts';
import { volumeTable } from './tables/volume.ts';

export interface StoreOptions {
  /** Never goes back. */
  readonly steadyMs?: () => number;
  /** The disk did not take what is in the WAL. */
  readonly onLoss?: (error: Error) => void;
}

/** The engine's memory: a database and its tables. */
export class Store implements Disposable {
  /** Of this database, which numbers its events by itself. */
  readonly id: string;
  readonly database: Database;
  readonly containers: ReturnType<typeof containerTable>;
  readonly execs: ReturnType<typeof execTable>;
  readonly idRanges: ReturnType<typeof idRangeTable>;
  readonly blobs: ReturnType<typeof blobTable>;
  readonly layers: ReturnType<typeof layerTable>;
  readonly recipes: ReturnType<typeof recipeTable>;
  readonly layerBlobs: ReturnType<typeof layerBlobTable>;
  readonly images: ReturnType<typeof imageTable>;
  readonly imageNames: ReturnType<typeof imageNameTable>;
  readonly manifests: ReturnType<typeof manifestTable>;
  readonly containerImages: ReturnType<typeof containerImageTable>;
  readonly events: EventTable;
  readonly requests: ReturnType<typeof requestTable>;
  readonly tombstones: ReturnType<typeof tombstoneTable>;
  readonly volumes: ReturnType<typeof volumeTable>;
  readonly networks: ReturnType<typeof networkTable>;
  readonly endpoints: ReturnType<typeof endpointTable>;
  readonly leases: ReturnType<typeof leaseTable>;

  /** Throws StoreError when the file cannot be read, or cannot be created. */
  constructor(file: string, { steadyMs = () => performance.now(), onLoss = () => {} }: StoreOptions = {}) {
    const database = new Database(file, onLoss);
    this.database = database;
    try {
      const clock = ageClock(database, steadyMs);
      this.id = database.all<{ id: string }>('SELECT id FROM store')[0]?.id ?? '';
      this.containers = containerTable(database);
      this.execs = execTable(database);
      this.idRanges = idRangeTable(database);
      this.blobs = blobTable(database);
      this.layers = layerTable(database);
      this.recipes = recipeTable(database);
      this.layerBlobs = layerBlobTable(database);
      this.images = imageTable(database);
      this.imageNames = imageNameTable(database);
      this.manifests = manifestTable(database);
      this.containerImages = containerImageTable(database);
      this.events = new EventTable(database);
      this.requests = requestTable(database, clock);
      this.tombstones = tombstoneTable(database, clock);
      this.volumes = volumeTable(database);
      this.networks = networkTable(database);
      this.endpoints = endpointTable(database);
      this.leases = leaseTable(database);
      this.#trimIfRoom();
    } catch (error) {
      database[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.database[Symbol.dispose]();
  }

  /** Deletes what is too old, as a part of a transaction. */
  trim(): void {
    this.requests.trim();
    this.tombstones.trim();
    this.events.trim();
  }

  /** What is damaged or too old may stay until there is room again. */
  #trimIfRoom(): void {
    try {
      this.database.transaction(() => {
        this.events.dropDamaged();
        this.trim();
      });
    } catch (error) {
      if (!(error instanceof StoreError) || error.problem === 'damaged') throw error;
    }
  }
}
