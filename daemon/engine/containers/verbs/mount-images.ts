import { LikerError } from '../../../../common/errors.ts';
import type { EngineContext } from '../../context.ts';
import { resolveImage } from '../../images/roots.ts';
import type { Mount } from '../model/spec.ts';
import { requireLayers } from '../rules/layers.ts';

/** Mounts with the images that they name. None of these can be removed until it is disposed of. */
export interface FoundMounts extends Disposable {
  readonly mounts: readonly Mount[];
}

/** Finds the images of mounts. Errors: IMAGE_NOT_FOUND, AMBIGUOUS_ID, BAD_ARGUMENT, with the field. `field`: of the first mount. */
export async function findMountImages(
  { images }: Pick<EngineContext, 'images'>,
  mounts: readonly Mount[],
): Promise<FoundMounts> {
  using held = new DisposableStack();
  const found: Mount[] = [];
  for (const [index, mount] of mounts.entries()) {
    if (mount.type !== 'image') {
      found.push(mount);
      continue;
    }
    const field = `spec.mounts[${index}].source`;
    const image = held.use(await resolveImage(images, mount.image).catch((error) => refuse(error, field)));
    requireLayers(image, mount.image, field);
    found.push({ ...mount, id: image.id, layers: [...image.diffIds] });
  }
  const kept = held.move();
  return { mounts: found, [Symbol.dispose]: () => kept.dispose() };
}

/** The same error, at the mount. */
function refuse(error: unknown, field: string): never {
  if (!(error instanceof LikerError)) throw error;
  throw new LikerError(error.reason, error.message, { field, metadata: error.metadata });
}
