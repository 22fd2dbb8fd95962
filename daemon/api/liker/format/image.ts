import { badArgument } from '../../../../common/errors.ts';
import type { ImageInput } from '../../../../proto/gen/types/liker/v1/Image.ts';
import type { ImageHistoryEntryInput } from '../../../../proto/gen/types/liker/v1/ImageHistoryEntry.ts';
import type { LayerProgressInput } from '../../../../proto/gen/types/liker/v1/LayerProgress.ts';
import type { ListImagesResponseInput } from '../../../../proto/gen/types/liker/v1/ListImagesResponse.ts';
import type { LoadImagesResponseInput } from '../../../../proto/gen/types/liker/v1/LoadImagesResponse.ts';
import type { PullImageResponseInput } from '../../../../proto/gen/types/liker/v1/PullImageResponse.ts';
import type { PushImageResponseInput } from '../../../../proto/gen/types/liker/v1/PushImageResponse.ts';
import type { RemovedImageInput } from '../../../../proto/gen/types/liker/v1/RemovedImage.ts';
import type { SaveImagesResponseInput } from '../../../../proto/gen/types/liker/v1/SaveImagesResponse.ts';
import type {
  HistoryEntry,
  ImageView,
  LayerProgress,
  LoadFrame,
  PullFrame,
  PushFrame,
  RemovedImage,
  SaveFrame,
  Stage,
} from '../../../engine/images/api.ts';
import { timestampOfMs } from './time.ts';

export function formatImage(image: ImageView): ImageInput {
  const { id, names, digests, createdAt, sizeBytes, containers, labels, platform } = image;
  return {
    id,
    names: [...names],
    digests: [...digests],
    ...timeField(createdAt),
    sizeBytes,
    containers,
    labels: { ...labels },
    platform,
  };
}

export function formatHistoryEntry({ createdAt, names, ...entry }: HistoryEntry): ImageHistoryEntryInput {
  return { ...entry, names: [...names], ...timeField(createdAt) };
}

function timeField(ms: number | null) {
  return ms === null ? {} : { createdAt: timestampOfMs(ms) };
}

const stages = {
  waiting: 'STAGE_WAITING',
  downloading: 'STAGE_DOWNLOADING',
  unpacking: 'STAGE_UNPACKING',
  done: 'STAGE_DONE',
  exists: 'STAGE_EXISTS',
  packing: 'STAGE_PACKING',
  sending: 'STAGE_SENDING',
  mounted: 'STAGE_MOUNTED',
} as const satisfies Record<Stage, string>;

export function formatProgress({ stage, ...layer }: LayerProgress): LayerProgressInput {
  return { ...layer, stage: stages[stage] };
}

export function formatLoadFrame(frame: LoadFrame): LoadImagesResponseInput {
  if (frame.kind === 'progress') return { progress: formatProgress(frame.layer) };
  return {
    loaded: { image: formatImage(frame.image), names: [...frame.names], warnings: [...frame.warnings] },
  };
}

export function formatPullFrame(frame: PullFrame): PullImageResponseInput {
  switch (frame.kind) {
    case 'resolved':
      return { resolved: { digest: frame.digest, layers: frame.layers.map(formatProgress) } };
    case 'progress':
      return { progress: formatProgress(frame.layer) };
    case 'done':
      return {
        done: { image: formatImage(frame.image), changed: frame.changed, warnings: [...frame.warnings] },
      };
  }
}

export function formatPushFrame(frame: PushFrame): PushImageResponseInput {
  if (frame.kind === 'progress') return { progress: formatProgress(frame.layer) };
  const { tag, digest, sizeBytes } = frame;
  return { pushed: { tag, digest, sizeBytes } };
}

export function formatSaveFrame(frame: SaveFrame): SaveImagesResponseInput {
  if (frame.kind === 'progress') return { progress: formatProgress(frame.layer) };
  return { data: Buffer.from(frame.bytes.buffer, frame.bytes.byteOffset, frame.bytes.byteLength) };
}

export function formatRemovedImage({
  untagged,
  id,
  layers,
  reclaimedBytes,
}: RemovedImage): RemovedImageInput {
  return { untagged: [...untagged], id: id ?? '', layers: [...layers], reclaimedBytes };
}

const usualPageSize = 100;
const maxPageSize = 1000;

/** The token of a page is the number of images before it. */
export function pageOfImages(
  images: readonly ImageView[],
  { pageSize, pageToken }: { readonly pageSize: number; readonly pageToken: string },
): ListImagesResponseInput {
  if (!/^\d{0,9}$/.test(pageToken)) {
    throw badArgument('page_token', 'Invalid page_token: use the next_page_token of the page before');
  }
  const begin = Number(pageToken);
  const end = begin + Math.min(pageSize || usualPageSize, maxPageSize);
  return {
    images: images.slice(begin, end).map(formatImage),
    nextPageToken: end < images.length ? String(end) : '',
  };
}
