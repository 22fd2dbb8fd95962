import type { ImageService } from './api.ts';
import type { ImageContext } from './context.ts';
import { getImage } from './verbs/get.ts';
import { imageHistory } from './verbs/history.ts';
import { importImage } from './verbs/import.ts';
import { listImages } from './verbs/list.ts';
import { loadImages } from './verbs/load.ts';
import { pruneImages } from './verbs/prune.ts';
import { pullImage } from './verbs/pull.ts';
import { pushImage } from './verbs/push.ts';
import { removeImage } from './verbs/remove.ts';
import { saveImages } from './verbs/save.ts';
import { tagImage } from './verbs/tag.ts';
import { untagImage } from './verbs/untag.ts';

export function imageService(context: ImageContext): ImageService {
  return {
    pull: (request, signal) => pullImage(context, request, signal),
    load: (bytes, options, signal) => loadImages(context, bytes, options, signal),
    push: (request, signal) => pushImage(context, request, signal),
    save: (request, signal) => saveImages(context, request, signal),
    import: (bytes, options, signal) => importImage(context, bytes, options, signal),
    get: (reference) => getImage(context, reference),
    list: (filters) => listImages(context, filters),
    history: (reference) => imageHistory(context, reference),
    tag: async (reference, name) => tagImage(context, reference, name),
    untag: async (reference, names) => untagImage(context, reference, names),
    remove: (reference, options) => removeImage(context, reference, options),
    prune: (options) => pruneImages(context, options),
  };
}
