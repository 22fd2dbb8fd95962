import type { ImageServiceHandlers } from '../../../proto/gen/types/liker/v1/ImageService.ts';
import type { ImageService } from '../../engine/images/api.ts';
import { bidiStream } from '../grpc/bidi-stream.ts';
import type { ApiContext } from '../grpc/context.ts';
import { serverStream } from '../grpc/server-stream.ts';
import { unaryHandlers } from '../grpc/unary.ts';
import {
  formatHistoryEntry,
  formatImage,
  formatLoadFrame,
  formatPullFrame,
  formatPushFrame,
  formatRemovedImage,
  formatSaveFrame,
  pageOfImages,
} from './format/image.ts';
import { timestampOfMs } from './format/time.ts';
import { archiveOf } from './parse/frames.ts';
import { parseImport, parsePull, parsePush, parseSave } from './parse/image.ts';
import { parseFilters } from './parse/requests.ts';
import { noNul, required } from './parse/text.ts';

export function imageService(context: ApiContext, images: ImageService): ImageServiceHandlers {
  const { reads, changes } = unaryHandlers(context);
  return {
    PullImage: serverStream(context, async function* (request, signal) {
      for await (const frame of images.pull(parsePull(request), signal)) yield formatPullFrame(frame);
    }),
    LoadImages: bidiStream(context, async function* (requests, signal) {
      const { start, archive } = await archiveOf(requests);
      const { keepBlobs } = start;
      const options = { platform: noNul(start.platform, 'start.platform'), keepBlobs };
      for await (const frame of images.load(archive, options, signal)) yield formatLoadFrame(frame);
    }),
    ImportImage: bidiStream(context, async function* (requests, signal) {
      const { start, archive } = await archiveOf(requests);
      const { image, warnings } = await images.import(archive, parseImport(start), signal);
      yield { image: formatImage(image), warnings: [...warnings] };
    }),
    PushImage: serverStream(context, async function* (request, signal) {
      for await (const frame of images.push(parsePush(request), signal)) yield formatPushFrame(frame);
    }),
    SaveImages: serverStream(context, async function* (request, signal) {
      for await (const frame of images.save(parseSave(request), signal)) yield formatSaveFrame(frame);
    }),
    GetImage: reads(async ({ image }) => {
      const details = await images.get(required(image, 'image'));
      return {
        image: formatImage(details),
        configuration: Buffer.from(details.configurationText),
        layers: details.layers.map((layer) => ({ ...layer })),
        storedAt: timestampOfMs(details.storedAt),
      };
    }),
    ListImages: reads(async (request) =>
      pageOfImages(await images.list(parseFilters(request.filters)), request),
    ),
    GetImageHistory: reads(async ({ image }) => ({
      entries: (await images.history(required(image, 'image'))).map(formatHistoryEntry),
    })),
    TagImage: changes(async ({ image, name }) => {
      await images.tag(required(image, 'image'), required(name, 'name'));
      return {};
    }),
    UntagImage: changes(async ({ image, names }) => ({
      names: [...(await images.untag(required(image, 'image'), names))],
    })),
    RemoveImage: changes(async ({ image, force, requestId }) => ({
      removed: formatRemovedImage(await images.remove(required(image, 'image'), { force, requestId })),
    })),
    PruneImages: changes(async ({ all, filters }) => {
      const { removed, reclaimedBytes } = await images.prune({ all, filters: parseFilters(filters) });
      return { removed: removed.map(formatRemovedImage), reclaimedBytes };
    }),
  };
}
