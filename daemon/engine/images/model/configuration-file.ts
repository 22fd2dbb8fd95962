import { LikerError } from '../../../../common/errors.ts';
import { read } from '../../../../common/schema.ts';
import type { Content } from '../../../storage/content.ts';
import { type Configuration, configurationSchema } from './configuration.ts';

/** The greatest configuration that is read. */
export const maxConfigurationBytes = 8 << 20;

/** The configuration of an image that is here, and its bytes as they came. Errors: LAYER_DAMAGED. */
export async function readConfiguration(
  content: Pick<Content, 'read'>,
  imageId: string,
): Promise<{ readonly configuration: Configuration; readonly bytes: Buffer }> {
  try {
    const bytes = await content.read(imageId, maxConfigurationBytes);
    return { configuration: read(configurationSchema, bytes.toString(), 'the configuration'), bytes };
  } catch (error) {
    throw new LikerError(
      'LAYER_DAMAGED',
      `Cannot use image ${imageId}: its configuration cannot be read: ${(error as Error).message}; remove the image and pull it again`,
      { cause: error, metadata: { image: imageId } },
    );
  }
}
