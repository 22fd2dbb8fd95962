import { familiar } from '../../../common/image-name.ts';
import type { ImageContext } from '../images/context.ts';

/** The images that have this layer, configuration, manifest or archive of a layer, for a person; empty: none. */
export function imagesWith({ ledger: { rows } }: Pick<ImageContext, 'ledger'>, digest: string): string {
  const needs = (id: string): boolean =>
    id === digest ||
    rows.manifests.of(id).includes(digest) ||
    rows.images
      .diffIds(id)
      .some(
        (diffId) =>
          diffId === digest || rows.layerBlobs.of(diffId).some((archive) => archive.digest === digest),
      );
  const images = rows.images.all().filter(({ id }) => needs(id));
  if (images.length === 0) return '';
  const names = images.map(({ id }) => rows.imageNames.of(id).map(familiar).join(', ') || id);
  return `of ${names.join(', ')}: pull or load it again`;
}
