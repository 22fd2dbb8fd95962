import { listRecord, noLimit } from '../containers/list.ts';
import type { Door } from '../door.ts';
import { type Answer, json } from '../http/answer.ts';
import { imageRecord } from '../images/list.ts';
import { volumeOf } from '../volumes/volumes.ts';

export async function diskUsage({ engine }: Door): Promise<Answer> {
  const all = { all: true, limit: noLimit, filters: [], after: '' };
  const [images, { containers }, volumes] = await Promise.all([
    engine.images.list([]),
    engine.containers.list({ ...all, withSize: true }),
    engine.volumes.list([], { withSize: true }),
  ]);
  const now = Date.now();
  return json({
    LayersSize: images.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    Images: images.map(imageRecord),
    Containers: containers.map((view) => listRecord(view, now)),
    Volumes: volumes.map(volumeOf),
    BuildCache: [],
    BuilderSize: 0,
  });
}
