import { LikerError } from '../../../../common/errors.ts';
import type { Platform } from '../../../oci/platform.ts';
import type { ArchivedImage } from './archived-image.ts';
import { dockerManifest, readDockerArchive } from './docker-archive.ts';
import type { Form } from './form.ts';
import { layoutIndex, readOciLayout } from './oci-layout.ts';

/** The images of an unpacked archive in this form. Errors: BAD_IMAGE, PLATFORM_MISSING. */
export async function readArchive(
  folder: string,
  form: Exclude<Form, 'root' | 'aci'>,
  platform: Platform,
): Promise<ArchivedImage[]> {
  switch (form) {
    case 'oci':
      return readOciLayout(folder, platform);
    case 'docker':
      return readDockerArchive(folder);
    case 'old docker':
      throw cannotLoad(
        'it is in the form of docker before 1.10, without manifest.json; save the image again with a newer docker',
      );
    case 'other':
      throw cannotLoad(
        `it has neither ${layoutIndex} (OCI layout) nor ${dockerManifest} (docker save), and is no root file system with a folder such as /bin or /usr; likerctl import takes any tar for a root`,
      );
  }
}

function cannotLoad(why: string): LikerError {
  return new LikerError('BAD_IMAGE', `Cannot load the archive: ${why}`);
}
