import type { VolumeServiceHandlers } from '../../../proto/gen/types/liker/v1/VolumeService.ts';
import type { VolumeService, VolumeView } from '../../engine/volumes/api.ts';
import type { ApiContext } from '../grpc/context.ts';
import { unaryHandlers } from '../grpc/unary.ts';
import { timestampOfMs } from './format/time.ts';
import { parseFilters } from './parse/requests.ts';
import { noNul, required } from './parse/text.ts';

export function volumeService(context: ApiContext, volumes: VolumeService): VolumeServiceHandlers {
  const { reads, changes } = unaryHandlers(context);
  return {
    CreateVolume: changes(async ({ name, ...asked }) => {
      const { volume, created } = await volumes.create({ ...asked, name: noNul(name, 'name') });
      return { volume: formatVolume(volume), created };
    }),
    GetVolume: reads(async ({ name, withSize }) => ({
      volume: formatVolume(await volumes.get(required(name, 'name'), { withSize })),
    })),
    ListVolumes: reads(async ({ filters, withSize }) => ({
      volumes: (await volumes.list(parseFilters(filters), { withSize })).map(formatVolume),
    })),
    RemoveVolume: changes(async ({ name, force, requestId }) => {
      await volumes.remove(required(name, 'name'), { force, requestId });
      return {};
    }),
    PruneVolumes: changes(async ({ filters, all }) => {
      const { names, reclaimedBytes } = await volumes.prune(parseFilters(filters), { all });
      return { names: [...names], reclaimedBytes };
    }),
  };
}

function formatVolume(view: VolumeView) {
  const { name, createdAt, isAnonymous, labels, path, users, sizeBytes, leaseId } = view;
  return {
    name,
    createdAt: timestampOfMs(createdAt),
    anonymous: isAnonymous,
    labels,
    path,
    containerIds: [...users],
    leaseId,
    ...(sizeBytes !== null && { sizeBytes }),
  };
}
