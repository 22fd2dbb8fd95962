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

/** Of a configuration that is kept in memory. Usual ones have a few KiB. */
const keptBytes = 64 << 10;
const mostKept = 64;

/** The configurations that containers were made from last, each read and checked once: they are named by their digest. */
export class Configurations {
  readonly #content: Pick<Content, 'read'>;
  readonly #known = new Map<string, Configuration>();

  constructor(content: Pick<Content, 'read'>) {
    this.#content = content;
  }

  /** Errors: LAYER_DAMAGED. */
  async of(imageId: string): Promise<Configuration> {
    const known = this.#known.get(imageId);
    if (known) return known;
    const { configuration, bytes } = await readConfiguration(this.#content, imageId);
    if (bytes.length <= keptBytes) this.#keep(imageId, configuration);
    return configuration;
  }

  #keep(imageId: string, configuration: Configuration): void {
    const [oldest] = this.#known.keys();
    if (this.#known.size >= mostKept && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(imageId, configuration);
  }
}
