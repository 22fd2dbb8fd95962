import { type ImageName, parseImageName, repositoryOf } from '../../../../common/image-name.ts';
import type { ImageLedger } from './ledger.ts';

/** A name, and its image. */
export interface NamedImage extends ImageName {
  readonly id: string;
}

/** All names in a repository. */
export function namesIn(
  { imageNames }: Pick<ImageLedger['rows'], 'imageNames'>,
  repository: ImageName,
): NamedImage[] {
  return imageNames
    .all()
    .map(({ name, imageId }) => ({ ...parseImageName(name, 'name'), id: imageId }))
    .filter((name) => repositoryOf(name) === repositoryOf(repository));
}
