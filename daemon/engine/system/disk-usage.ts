import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { may } from '../containers/model/phase.ts';
import { usersOf } from '../containers/model/volume-users.ts';
import type { EngineContext } from '../context.ts';
import { imageUsage } from '../images/disk-usage.ts';
import type { DiskUsage } from './api.ts';
import { unknownUsage } from './check.ts';

/** What takes up space below the root folder. */
export async function measureDisk(context: EngineContext): Promise<DiskUsage[]> {
  const { registry, folders, paths } = context;
  const containers = await Promise.all(
    registry.all().map(async ({ id, phase }) => ({
      ...(await folders.sizes(id)),
      isActive: !may('remove', phase.state),
    })),
  );
  const ofContainers = (type: string, key: 'layerBytes' | 'logBytes'): DiskUsage => {
    const idle = containers.filter(({ isActive }) => !isActive);
    const sum = (some: typeof containers) => some.reduce((bytes, container) => bytes + container[key], 0);
    return {
      type,
      total: containers.length,
      active: containers.length - idle.length,
      sizeBytes: sum(containers),
      reclaimableBytes: sum(idle),
    };
  };
  const [trash, database, ofVolumes, ofImages, unknown] = await Promise.all([
    folders.trash(),
    databaseBytes(paths.root),
    volumeUsage(context),
    imageUsage(context.images),
    unknownUsage(context),
  ]);
  return [
    ...ofImages,
    ofContainers('Containers', 'layerBytes'),
    ofContainers('Logs', 'logBytes'),
    ofVolumes,
    {
      type: 'Removed',
      total: trash.count,
      active: 0,
      sizeBytes: trash.bytes,
      reclaimableBytes: trash.bytes,
    },
    { type: 'Database', total: 1, active: 1, sizeBytes: database, reclaimableBytes: 0 },
    ...(unknown ? [unknown] : []),
  ];
}

async function volumeUsage({ volumes, registry }: EngineContext): Promise<DiskUsage> {
  const usage = { type: 'Local Volumes', total: 0, active: 0, sizeBytes: 0, reclaimableBytes: 0 };
  for (const { name } of volumes.all()) {
    const bytes = await volumes.sizeOf(name);
    const isUsed = usersOf(registry, name).length > 0;
    usage.total += 1;
    usage.active += Number(isUsed);
    usage.sizeBytes += bytes;
    if (!isUsed) usage.reclaimableBytes += bytes;
  }
  return usage;
}

/** What the database takes with the files that SQLite has beside it. */
async function databaseBytes(root: string): Promise<number> {
  const sizes = ['liker.db', 'liker.db-wal', 'liker.db-shm'].map((name) =>
    stat(join(root, name)).then(
      ({ blocks }) => blocks * 512,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
