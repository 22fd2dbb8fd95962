import { familiar } from '../../../../common/image-name.ts';
import type { Platform } from '../../../oci/platform.ts';
import type { ImageView } from '../api.ts';
import type { ImageContext } from '../context.ts';
import type { DraftLayer } from '../layers/draft-layer.ts';
import { type ImageAction, imageEvent } from '../model/events.ts';
import { makeImage } from './make-image.ts';

/** An image of a root file system, which is its only layer. */
export function makeRootImage(
  context: ImageContext,
  root: DraftLayer,
  image: {
    readonly platform: Platform;
    /** The JSON of `config`. */
    readonly config: Readonly<Record<string, unknown>>;
    readonly comment: string;
    /** Canonical, with tags. */
    readonly names: readonly string[];
    readonly action: ImageAction;
  },
): Promise<ImageView> {
  const { platform, config, comment, names, action } = image;
  const { os, architecture, variant } = platform;
  const [first] = names;
  return makeImage(context, root, {
    configuration: { architecture, os, ...(variant && { variant }), config },
    step: { createdBy: '', comment },
    names,
    events: (id) => [imageEvent(action, id, first === undefined ? id : familiar(first))],
  });
}
