import { checkLabels } from '../containers/model/container-event.ts';
import { usersOf } from '../containers/model/volume-users.ts';
import type { EngineContext } from '../context.ts';
import { type Filter, hasLabel, matcher, truth } from '../filter.ts';
import { requestKey, resultOf } from '../journal/requests.ts';
import type { VolumeService, VolumeView } from './api.ts';
import { anonymousVolumeName, checkVolumeName, type Volume } from './model/volume.ts';
import { removeVolume } from './remove.ts';

export function volumeService(context: EngineContext): VolumeService {
  const { volumes, registry, journal } = context;
  const view = async (volume: Volume, withSize: boolean): Promise<VolumeView> => ({
    ...volume,
    path: volumes.folderOf(volume.name),
    users: usersOf(registry, volume.name).map(({ id }) => id),
    sizeBytes: withSize ? await volumes.sizeOf(volume.name) : null,
  });
  return {
    async create({ name, labels, leaseId = '', requestId = '' }) {
      if (name !== '') checkVolumeName(name, 'name');
      checkLabels(labels, 'labels');
      const request = requestKey(requestId, 'create volume', name, labels, leaseId);
      const made = resultOf(journal, request);
      if (made !== null) return { volume: await view(volumes.find(made), false), created: true };
      context.leases.requireOpen(leaseId);
      const isAnonymous = name === '';
      const there = isAnonymous ? null : volumes.get(name);
      const asked = { name: name || anonymousVolumeName(), isAnonymous, labels, leaseId };
      const volume = there ?? volumes.create(asked, request);
      return { volume: await view(volume, false), created: there === null };
    },

    get: (name, { withSize }) => view(volumes.find(name), withSize),

    list: (filters, { withSize }) => {
      const fits = volumeFilter(context, filters);
      return Promise.all(
        volumes
          .all()
          .filter(fits)
          .map((volume) => view(volume, withSize)),
      );
    },

    async remove(name, { force, requestId = '' }) {
      const request = requestKey(requestId, 'remove volume', name, force);
      if (resultOf(journal, request) !== null) return;
      const volume = force ? volumes.get(name) : volumes.find(name);
      if (volume) removeVolume(context, volume, request);
    },

    async prune(filters, { all }) {
      const fits = pruneFilter(filters);
      const isUnused = ({ name }: Volume): boolean => usersOf(registry, name).length === 0;
      const names: string[] = [];
      let reclaimedBytes = 0;
      for (const volume of volumes.all()) {
        if (!(all || volume.isAnonymous) || !fits(volume) || !isUnused(volume)) continue;
        const bytes = await volumes.sizeOf(volume.name);
        // A container may have been made with it meanwhile, or another call has removed it.
        if (volumes.get(volume.name) === null || !isUnused(volume)) continue;
        volumes.remove(volume);
        names.push(volume.name);
        reclaimedBytes += bytes;
      }
      return { names, reclaimedBytes };
    },
  };
}

const labelTests = {
  label: (value: string) => (volume: Volume) => hasLabel(volume.labels, value),
  'label!': (value: string) => (volume: Volume) => !hasLabel(volume.labels, value),
};

function volumeFilter({ registry }: EngineContext, filters: readonly Filter[]): (volume: Volume) => boolean {
  return matcher<Volume>(filters, {
    ...labelTests,
    name: (value) => (volume) => volume.name.includes(value),
    driver: (value) => () => value === 'local',
    dangling: (value) => {
      const wanted = truth('dangling', value);
      return ({ name }) => (usersOf(registry, name).length === 0) === wanted;
    },
  });
}

function pruneFilter(filters: readonly Filter[]): (volume: Volume) => boolean {
  return matcher<Volume>(filters, labelTests);
}
