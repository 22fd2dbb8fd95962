import type { RemovedImage } from '../../../engine/images/api.ts';
import type { Door } from '../door.ts';
import { type Answer, empty, json } from '../http/answer.ts';
import { type Call, flagOf, nameOf } from '../http/call.ts';
import { HttpError } from '../http/errors.ts';
import { filtersOf } from '../http/filters.ts';
import { nameWithTag, repoTags } from './names.ts';

export async function tagImage({ engine }: Door, call: Call): Promise<Answer> {
  const repo = call.query.get('repo') ?? '';
  if (repo === '') throw new HttpError(400, 'repo is missing: the name to be given');
  await engine.images.tag(nameOf(call), nameWithTag(repo, call.query.get('tag') ?? ''));
  return empty(201);
}

export async function removeImage({ engine }: Door, call: Call): Promise<Answer> {
  const removed = await engine.images.remove(nameOf(call), { force: flagOf(call, 'force') });
  return json(removedLines(removed));
}

export function removedLines({ untagged, id, layers }: RemovedImage): object[] {
  return [
    ...repoNames(untagged).map((name) => ({ Untagged: name })),
    ...[...(id === null ? [] : [id]), ...layers].map((digest) => ({ Deleted: digest })),
  ];
}

/** What has a digest stays as it is. */
function repoNames(names: readonly string[]): string[] {
  return names.flatMap((name) => (name.includes('@') ? [name] : repoTags([name])));
}

export async function pruneImages({ engine }: Door, call: Call): Promise<Answer> {
  const filters = filtersOf(call);
  const dangling = filters.find(({ key }) => key === 'dangling')?.value ?? 'true';
  const others = filters.filter(({ key }) => key !== 'dangling');
  const all = ['false', '0'].includes(dangling);
  const { removed, reclaimedBytes } = await engine.images.prune({ all, filters: others });
  return json({ ImagesDeleted: removed.flatMap(removedLines), SpaceReclaimed: reclaimedBytes });
}

export async function imageHistory({ engine }: Door, call: Call): Promise<Answer> {
  const entries = await engine.images.history(nameOf(call));
  return json(
    entries.map((entry) => ({
      Id: entry.imageId || '<missing>',
      Created: Math.floor((entry.createdAt ?? 0) / 1000),
      CreatedBy: entry.createdBy,
      Tags: entry.names.length > 0 ? repoTags(entry.names) : null,
      Size: entry.sizeBytes,
      Comment: entry.comment,
    })),
  );
}
