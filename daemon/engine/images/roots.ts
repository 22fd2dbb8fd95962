import { LikerError } from '../../../common/errors.ts';
import type { ImageContext } from './context.ts';
import type { Configuration } from './model/configuration.ts';
import { findImage } from './model/find.ts';

/** What a container is made from. */
export interface ImageRoot extends Disposable {
  readonly id: string;
  /** The reference as people write it, such as debian:latest; for an id the id. */
  readonly name: string;
  readonly configuration: Configuration;
  /** The lowest first. */
  readonly diffIds: readonly string[];
}

/**
 * The image that a reference stands for. It cannot be removed until the answer is disposed of; store that the container uses it
 * before that. Errors: IMAGE_NOT_FOUND, AMBIGUOUS_ID, BAD_ARGUMENT, LAYER_DAMAGED.
 */
export async function resolveImage(context: ImageContext, reference: string): Promise<ImageRoot> {
  const { image, name } = findImage(context.ledger.rows, reference);
  const diffIds = context.ledger.rows.layers.of(image.id).map(({ diffId }) => diffId);
  const lease = context.leases.hold([image.id]);
  try {
    const configuration = await context.configurations.of(image.id);
    return { id: image.id, name, configuration, diffIds, [Symbol.dispose]: () => lease[Symbol.dispose]() };
  } catch (error) {
    lease[Symbol.dispose]();
    throw error;
  }
}

/**
 * Where layers are unpacked, the uppermost first. `diffIds` have the lowest first. Overlayfs does not look for the opaque mark on the root
 * of a layer, so what such a layer hides, all layers below it, is left out.
 */
export function layerFolders(
  { layers, whiteouts }: Pick<ImageContext, 'layers' | 'whiteouts'>,
  diffIds: readonly string[],
): string[] {
  const lowest = diffIds.findLastIndex((diffId) => layers.isOpaque(diffId, whiteouts));
  return diffIds
    .slice(Math.max(0, lowest))
    .map((diffId) => layers.of(diffId))
    .reverse();
}

/** Diff ids of an image's layers, the lowest first; null: there is no such image. */
export function layersOfImage(
  { ledger }: Pick<ImageContext, 'ledger'>,
  reference: string,
): readonly string[] | null {
  try {
    const { image } = findImage(ledger.rows, reference);
    return ledger.rows.layers.of(image.id).map(({ diffId }) => diffId);
  } catch (error) {
    if (error instanceof LikerError) return null;
    throw error;
  }
}
