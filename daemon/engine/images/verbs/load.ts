import { parsePlatform } from '../../../oci/platform.ts';
import type { LoadFrame, LoadOptions } from '../api.ts';
import { formOf } from '../archive/form.ts';
import { readArchive } from '../archive/read-archive.ts';
import { receiveArchive } from '../archive/receive.ts';
import type { ImageContext } from '../context.ts';
import { framesOf } from '../frames.ts';
import { layerWarnings, platformWarnings } from '../warnings.ts';
import { makeAciImage } from './make-aci-image.ts';
import { makeRootImage } from './make-root-image.ts';
import { storeImage } from './store-image.ts';

/** Takes in the images of an archive, one after the other, or the root file system that it is. Errors: BAD_IMAGE, PLATFORM_MISSING, those of the pipeline. */
export function loadImages(
  context: ImageContext,
  bytes: AsyncIterable<Uint8Array>,
  options: LoadOptions,
  signal: AbortSignal,
): AsyncIterable<LoadFrame> {
  const platform = parsePlatform(options.platform, 'start.platform');
  return framesOf<LoadFrame>(async (push, either) => {
    using received = await receiveArchive(context, bytes, either);
    const form = await formOf(received.folder);
    if (form === 'root') {
      const comment = 'Loaded from a root file system';
      const made = { platform, config: {}, comment, names: [], action: 'load' } as const;
      push({ kind: 'loaded', image: await makeRootImage(context, received, made), names: [], warnings: [] });
      return;
    }
    if (form === 'aci') {
      const comment = 'Loaded from an App Container image';
      const made = await makeAciImage(
        context,
        received,
        { names: [], changes: [], comment, action: 'load' },
        either,
      );
      push({ kind: 'loaded', ...made, warnings: [...made.warnings, ...platformWarnings(made.image)] });
      return;
    }
    for (const image of await readArchive(received.folder, form, platform)) {
      const view = await storeImage(
        context,
        { ...image, digests: [], keepBlobs: options.keepBlobs, event: { action: 'load', name: '' } },
        (layer) => push({ kind: 'progress', layer }, layer.digest),
        either,
      );
      push({
        kind: 'loaded',
        image: view,
        names: image.names,
        warnings: [...platformWarnings(view), ...layerWarnings(context, view.id)],
      });
    }
  }, signal);
}
