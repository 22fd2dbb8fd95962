import { LikerError } from '../../../../common/errors.ts';
import type { Platform } from '../../../oci/platform.ts';
import type { ArchivedImage } from './archived-image.ts';
import { dockerManifest, readDockerArchive } from './docker-archive.ts';
import { layoutIndex, readOciLayout } from './oci-layout.ts';
import { findInside } from './open-inside.ts';

/** The images of an unpacked archive, whose form its files tell. Errors: BAD_IMAGE, PLATFORM_MISSING. */
export async function readArchive(folder: string, platform: Platform): Promise<ArchivedImage[]> {
  if ((await findInside(folder, layoutIndex)) !== null) return readOciLayout(folder, platform);
  if ((await findInside(folder, dockerManifest)) !== null) return readDockerArchive(folder);
  const isOld = (await findInside(folder, 'repositories')) !== null;
  const why = isOld
    ? 'it is in the form of docker before 1.10, without manifest.json; save the image again with a newer docker'
    : `it has neither ${layoutIndex} (OCI layout) nor ${dockerManifest} (docker save); a tar of a root file system is no image: unpack it into a directory, and run that`;
  throw new LikerError('BAD_IMAGE', `Cannot load the archive: ${why}`);
}
