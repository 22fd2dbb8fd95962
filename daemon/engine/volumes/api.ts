import type { Filter } from '../filter.ts';
import type { Repeatable } from '../journal/requests.ts';
import type { Volume } from './model/volume.ts';

/** Volumes, as the edge uses them. */
export interface VolumeService {
  /** The volume of this name, which is made if there is none; without a name, an anonymous one. Errors: BAD_ARGUMENT, LEASE_NOT_FOUND. */
  create(asked: AskedVolume): Promise<{ readonly volume: VolumeView; readonly created: boolean }>;
  /** Errors: VOLUME_NOT_FOUND. */
  get(name: string, options: { readonly withSize: boolean }): Promise<VolumeView>;
  /** By name. Filters: name, label, label!, driver, dangling. */
  list(filters: readonly Filter[], options: { readonly withSize: boolean }): Promise<readonly VolumeView[]>;
  /** With `force`, one that is not there is a success. Errors: VOLUME_NOT_FOUND, VOLUME_IN_USE. */
  remove(name: string, options: { readonly force: boolean } & Partial<Repeatable>): Promise<void>;
  /** Removes those that no container has: the anonymous ones, or `all`. Filters: label, label!, all. */
  prune(
    filters: readonly Filter[],
    options: { readonly all: boolean },
  ): Promise<{ readonly names: readonly string[]; readonly reclaimedBytes: number }>;
}

export interface AskedVolume extends Partial<Repeatable> {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** With whose end it is removed; empty: none. */
  readonly leaseId?: string;
}

export interface VolumeView extends Volume {
  /** Folder of its files on the host. */
  readonly path: string;
  /** Ids of the containers that have it. */
  readonly users: readonly string[];
  /** On the disk; null: it was not asked for. */
  readonly sizeBytes: number | null;
}
