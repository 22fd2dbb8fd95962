import type { RemovedImage } from '../../proto/gen/types/liker/v1/RemovedImage.ts';

/** What Docker prints of a removed image. */
export function removedLines({ untagged, id, layers }: RemovedImage): string[] {
  return [
    ...untagged.map((name) => `Untagged: ${name}`),
    ...(id === '' ? [] : [`Deleted: ${id}`]),
    ...layers.map((layer) => `Deleted: ${layer}`),
  ];
}
