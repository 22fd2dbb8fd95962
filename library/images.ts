import { images } from '../client/connection/methods.ts';
import { LikerError } from '../common/errors.ts';
import type { Image } from '../proto/gen/types/liker/v1/Image.ts';
import type { LayerProgress } from '../proto/gen/types/liker/v1/LayerProgress.ts';
import type { RegistryCredentialsInput } from '../proto/gen/types/liker/v1/RegistryCredentials.ts';
import type { CallOptions, Engine } from './engine.ts';

/** Which image is pulled, and as whom. */
export interface PullOptions extends CallOptions {
  /** OS/ARCH[/VARIANT]. Default: this machine's. */
  readonly platform?: string;
  /** They are sent with the call and stored nowhere. */
  readonly credentials?: RegistryCredentialsInput;
  /** Called with how far each layer is. */
  readonly onProgress?: (layer: LayerProgress) => void;
}

/**
 * Images.
 *
 * @example
 * const found = await liker.images.get(image);
 * console.log(found.names.length > 0); //> true
 */
export class Images {
  readonly #engine: Engine;

  /** @internal */
  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Fetches an image from a registry. */
  async pull(
    reference: string,
    { platform = '', credentials, onProgress, signal }: PullOptions = {},
  ): Promise<Image> {
    const request = { reference, platform, credentials: credentials ?? null };
    const options = { follows: false, signal };
    for await (const { done, progress } of this.#engine.stream(images.PullImage, () => request, options)) {
      if (progress) onProgress?.(progress);
      if (done?.image) return done.image;
    }
    throw new LikerError('INTERNAL', `likerd ended the pull of '${reference}' without a result`);
  }

  /** An image, by a name or its id. */
  async get(image: string, options: CallOptions = {}): Promise<Image> {
    return (await this.#engine.call(images.GetImage, { image }, options)).image as Image;
  }

  /** All images, newest first. */
  async list(options: CallOptions = {}): Promise<Image[]> {
    const all: Image[] = [];
    for (let pageToken: string | undefined; pageToken !== ''; ) {
      const page = await this.#engine.call(images.ListImages, { pageToken: pageToken ?? '' }, options);
      all.push(...page.images);
      pageToken = page.nextPageToken;
    }
    return all;
  }

  /** Gives an image one more name. */
  async tag(image: string, name: string, options: CallOptions = {}): Promise<void> {
    await this.#engine.call(images.TagImage, { image, name }, options);
  }

  /** Takes a name from an image; with its last one, the image is removed. */
  async remove(image: string, options: CallOptions = {}): Promise<void> {
    await this.#engine.call(images.RemoveImage, { image }, options);
  }
}
