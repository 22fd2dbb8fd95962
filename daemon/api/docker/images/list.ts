import type { ImageView } from '../../../engine/images/api.ts';
import type { Door } from '../door.ts';
import { type Answer, json } from '../http/answer.ts';
import type { Call } from '../http/call.ts';
import { filtersOf } from '../http/filters.ts';
import { repoDigests, repoTags } from './names.ts';

export async function listImages({ engine }: Door, call: Call): Promise<Answer> {
  const filters = filtersOf(call);
  // Of old versions of the API.
  const filter = call.query.get('filter') ?? '';
  const all = filter === '' ? filters : [...filters, { key: 'reference', value: filter }];
  return json((await engine.images.list(all)).map(imageRecord));
}

export function imageRecord(image: ImageView): object {
  return {
    Id: image.id,
    ParentId: '',
    RepoTags: repoTags(image.names),
    RepoDigests: repoDigests(image.digests),
    Created: Math.floor((image.createdAt ?? 0) / 1000),
    Size: image.sizeBytes,
    SharedSize: -1,
    VirtualSize: image.sizeBytes,
    Labels: image.labels,
    Containers: image.containers,
  };
}
