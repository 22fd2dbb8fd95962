import { images } from '../client/connection/methods.ts';
import { LikerError } from '../common/errors.ts';
import type { Image } from '../proto/gen/types/liker/v1/Image.ts';
import type { ImportImageResponse } from '../proto/gen/types/liker/v1/ImportImageResponse.ts';
import type { LayerProgress } from '../proto/gen/types/liker/v1/LayerProgress.ts';
import type { LoadedImage } from '../proto/gen/types/liker/v1/LoadedImage.ts';
import type { PushedImage } from '../proto/gen/types/liker/v1/PushedImage.ts';
import type { RegistryCredentialsInput } from '../proto/gen/types/liker/v1/RegistryCredentials.ts';
import type { Archive, CallOptions, Engine } from './engine.ts';
import { requestId } from './request-id.ts';

/** What long calls for images take. */
export interface ProgressOptions extends CallOptions {
  /** Called with how far each layer is. */
  readonly onProgress?: (layer: LayerProgress) => void;
}

/** How a registry is spoken to. */
export interface RegistryOptions extends ProgressOptions {
  /** They are sent with the call and stored nowhere. */
  readonly credentials?: RegistryCredentialsInput;
  /** HTTPS without a check of the certificate, or else plain HTTP. */
  readonly insecure?: boolean;
}

/** Which image is pulled, and as whom. */
export interface PullOptions extends RegistryOptions {
  /** OS/ARCH[/VARIANT]. Default: this machine's. */
  readonly platform?: string;
}

/** What is pushed, and as whom. */
export interface PushOptions extends RegistryOptions {
  /** All tags of the repository, which is then named without one. */
  readonly allTags?: boolean;
}

/** The form of an archive of images. */
export interface SaveOptions extends ProgressOptions {
  /** An OCI layout, or what docker wrote before version 25. Default: both in one. */
  readonly format?: 'oci' | 'docker';
  /** Of the layers. Default: as they came if their archives are kept, else none. */
  readonly compression?: 'none' | 'gzip' | 'zstd';
}

/** Which images of an archive are loaded, and how. */
export interface LoadOptions extends ProgressOptions {
  /** OS/ARCH[/VARIANT], of an archive with several. Default: this machine's. */
  readonly platform?: string;
  /** Keep the compressed archives of the layers: the images can then be pushed and saved in the same bytes. */
  readonly keepBlobs?: boolean;
}

/** What is made of a root file system. */
export interface ImportOptions extends CallOptions {
  readonly name?: string;
  /** Comment of its history. */
  readonly message?: string;
  /** Instructions of a Dockerfile that say how to run it, such as `CMD ["bash"]`. */
  readonly changes?: readonly string[];
  /** OS/ARCH[/VARIANT]. Default: this machine's. */
  readonly platform?: string;
}

/** An image that was made, and what of its source it does not have. */
export interface ImportedImage {
  readonly image: Image;
  readonly warnings: readonly string[];
}

const formats = { oci: 'FORMAT_OCI', docker: 'FORMAT_DOCKER' } as const;
const compressions = {
  none: 'COMPRESSION_NONE',
  gzip: 'COMPRESSION_GZIP',
  zstd: 'COMPRESSION_ZSTD',
} as const;

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
    { platform = '', credentials, insecure = false, onProgress, signal }: PullOptions = {},
  ): Promise<Image> {
    const request = { reference, platform, credentials: credentials ?? null, insecure };
    const options = { follows: false, signal };
    for await (const { done, progress } of this.#engine.stream(images.PullImage, () => request, options)) {
      if (progress) onProgress?.(progress);
      if (done?.image) return done.image;
    }
    throw new LikerError('INTERNAL', `likerd ended the pull of '${reference}' without a result`);
  }

  /** Sends an image to the registry that its name begins with. Answers each tag that the registry has now. */
  async push(
    name: string,
    { allTags = false, credentials, insecure = false, onProgress, signal }: PushOptions = {},
  ): Promise<PushedImage[]> {
    const request = { name, allTags, credentials: credentials ?? null, insecure };
    const options = { follows: false, signal };
    const done: PushedImage[] = [];
    for await (const { pushed, progress } of this.#engine.stream(images.PushImage, () => request, options)) {
      if (progress) onProgress?.(progress);
      if (pushed) done.push(pushed);
    }
    return done;
  }

  /** The bytes of an archive of images, which `load` takes, and other tools. */
  async *save(
    image: string | readonly string[],
    { format, compression, onProgress, signal }: SaveOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const request = {
      images: [image].flat(),
      format: format === undefined ? 'FORMAT_UNSPECIFIED' : formats[format],
      compression: compression === undefined ? 'COMPRESSION_UNSPECIFIED' : compressions[compression],
    } as const;
    const options = { follows: false, again: 'save again', signal };
    for await (const { data, progress } of this.#engine.stream(images.SaveImages, () => request, options)) {
      if (progress) onProgress?.(progress);
      if (data) yield data;
    }
  }

  /** Takes the images of an archive: an OCI layout, what docker save writes, or a root file system; plain or compressed. */
  async load(
    archive: Archive,
    { platform = '', keepBlobs = false, onProgress, signal }: LoadOptions = {},
  ): Promise<LoadedImage[]> {
    const done: LoadedImage[] = [];
    await this.#engine.send(images.LoadImages, { platform, keepBlobs }, archive, {
      signal,
      onAnswer: ({ loaded, progress }) => {
        if (progress) onProgress?.(progress);
        if (loaded) done.push(loaded);
      },
    });
    return done;
  }

  /** Makes an image of the tar of a root file system, plain or compressed. */
  async import(
    archive: Archive,
    { name = '', message = '', changes = [], platform = '', signal }: ImportOptions = {},
  ): Promise<ImportedImage> {
    const start = { name, message, changes: [...changes], platform };
    let made: ImportImageResponse | undefined;
    await this.#engine.send(images.ImportImage, start, archive, {
      signal,
      onAnswer: (answer) => {
        made = answer;
      },
    });
    if (!made?.image) throw new LikerError('INTERNAL', 'likerd ended the import without a result');
    return { image: made.image, warnings: made.warnings };
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
    await this.#engine.call(images.RemoveImage, { image, requestId: requestId() }, options);
  }
}
