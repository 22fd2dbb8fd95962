import { formatBytes } from '../../common/units.ts';
import type { GetImageResponse } from '../../proto/gen/types/liker/v1/GetImageResponse.ts';
import type { Connection } from '../connection/connection.ts';
import { images, volumes } from '../connection/methods.ts';
import { containerRow } from '../format/container-row.ts';
import { imageRows } from '../format/image-row.ts';
import { formatList, type ListLayout } from '../format/list-format.ts';
import { fetchImages } from './images.ts';
import { listAll, psLayout } from './ps.ts';
import { volumeRow } from './volume-ls.ts';

const imageLayout: ListLayout = {
  table:
    '{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}',
  headings: {
    ID: 'IMAGE ID',
    CreatedSince: 'CREATED',
    SharedSize: 'SHARED SIZE',
    UniqueSize: 'UNIQUE SIZE',
  },
};
const containerLayout: ListLayout = {
  ...psLayout,
  table:
    '{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.LogSize}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}',
};
const volumeLayout: ListLayout = {
  table: '{{.Name}}\t{{.Links}}\t{{.Size}}',
  headings: { Name: 'VOLUME NAME' },
};

/** Each image, container and volume with its size, in Docker's words. */
export async function detailedUsage(connection: Connection): Promise<string[]> {
  const nowMs = Date.now();
  const containers = await listAll(connection, { all: true, withSize: true });
  const answer = await connection.unary(volumes.ListVolumes, { filters: [], withSize: true });
  const sections = {
    Images: formatList(await usedByImages(connection, nowMs), '', imageLayout),
    Containers: formatList(
      containers.map((container) => containerRow(container, { truncate: true, nowMs })),
      '',
      containerLayout,
    ),
    'Local Volumes': formatList(answer.volumes.map(volumeRow), '', volumeLayout),
  };
  return Object.entries(sections).flatMap(([what, lines], index) => [
    ...(index > 0 ? [''] : []),
    `${what} space usage:`,
    '',
    ...lines,
  ]);
}

/** One row for each name. */
async function usedByImages(connection: Connection, nowMs: number): Promise<object[]> {
  const found = await fetchImages(connection, {});
  const whole = await Promise.all(found.map(({ id: image }) => connection.unary(images.GetImage, { image })));
  const users = new Map<string, number>();
  for (const { layers } of whole)
    for (const { diffId } of layers) users.set(diffId, (users.get(diffId) ?? 0) + 1);
  const sizeOf = ({ layers }: GetImageResponse, isWanted: (count: number) => boolean): string =>
    formatBytes(
      layers
        .filter(({ diffId }) => isWanted(users.get(diffId) ?? 0))
        .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    );
  return whole.flatMap((answer) => {
    if (!answer.image) return [];
    const sizes = {
      SharedSize: sizeOf(answer, (count) => count > 1),
      UniqueSize: sizeOf(answer, (count) => count === 1),
    };
    return imageRows(answer.image, { truncate: true, digests: false, nowMs }).map((row) => ({
      ...row,
      ...sizes,
    }));
  });
}
