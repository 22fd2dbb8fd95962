import { parsePlatform } from '../../../oci/platform.ts';
import type { LoadFrame, LoadOptions } from '../api.ts';
import { readArchive } from '../archive/read-archive.ts';
import { receiveArchive } from '../archive/receive.ts';
import type { ImageContext } from '../context.ts';
import { framesOf } from '../frames.ts';
import { storeImage } from './store-image.ts';

/** Takes in the images of an archive, one after the other. Errors: BAD_IMAGE, PLATFORM_MISSING, those of the pipeline. */
export function loadImages(
  context: ImageContext,
  bytes: AsyncIterable<Uint8Array>,
  options: LoadOptions,
  signal: AbortSignal,
): AsyncIterable<LoadFrame> {
  const platform = parsePlatform(options.platform, 'start.platform');
  return framesOf<LoadFrame>(async (push, either) => {
    using received = await receiveArchive(context, bytes, either);
    for (const image of await readArchive(received.folder, platform)) {
      const view = await storeImage(
        context,
        { ...image, digests: [], keepBlobs: options.keepBlobs, event: { action: 'load', name: '' } },
        (layer) => push({ kind: 'progress', layer }, layer.digest),
        either,
      );
      push({ kind: 'loaded', image: view, names: image.names });
    }
  }, signal);
}
