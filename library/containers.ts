import { containers } from '../client/connection/methods.ts';
import { hasReason } from '../common/errors.ts';
import type { CreateContainerResponse } from '../proto/gen/types/liker/v1/CreateContainerResponse.ts';
import { Container } from './container.ts';
import type { CallOptions, Engine } from './engine.ts';
import type { Images } from './images.ts';
import { type ContainerOptions, containerSpec } from './options.ts';
import { requestId } from './request-id.ts';

/** Which containers are listed. */
export interface ListOptions extends CallOptions {
  /** Those that do not run as well. */
  readonly all?: boolean;
  /** Only those with all of these labels. */
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * Containers.
 *
 * @example
 * await using job = await liker.containers.run({ image, cmd: ['echo', 'hello'], labels: { queue: 'one' } });
 * console.log((await job.wait()).code); //> 0
 */
export class Containers {
  readonly #engine: Engine;
  readonly #images: Images;

  /** @internal */
  constructor(engine: Engine, images: Images) {
    this.#engine = engine;
    this.#images = images;
  }

  /** Makes a container that does not run yet. Pulls its image if it is not here. */
  async create(options: ContainerOptions, { signal }: CallOptions = {}): Promise<Container> {
    const spec = { leaseId: await this.#engine.leaseId(), ...containerSpec(options) };
    const create = async () => {
      const request = { spec, requestId: requestId() };
      const unmake = (made: CreateContainerResponse) => this.#handle(made)[Symbol.asyncDispose]();
      return this.#handle(await this.#engine.make(containers.CreateContainer, request, unmake, { signal }));
    };
    try {
      return await create();
    } catch (error) {
      const { image } = options;
      if (image === undefined || options.neverPull || !hasReason(error, 'IMAGE_NOT_FOUND')) throw error;
      await this.#images.pull(image, { signal });
      return await create();
    }
  }

  /** Makes a container and starts it. It is removed again if it cannot be started. */
  async run(options: ContainerOptions, call: CallOptions = {}): Promise<Container> {
    const container = await this.create(options, call);
    try {
      await container.start(call);
      return container;
    } catch (error) {
      await container[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** A container that is there, by its id, the beginning of it, or its name. */
  async get(container: string, options: CallOptions = {}): Promise<Container> {
    const { container: found } = await this.#engine.call(containers.GetContainer, { container }, options);
    return new Container(this.#engine, found as NonNullable<typeof found>);
  }

  /** Containers, newest first. */
  async list({ all = false, labels = {}, signal }: ListOptions = {}): Promise<Container[]> {
    const filters = Object.entries(labels).map(([name, value]) => ({
      key: 'label',
      value: `${name}=${value}`,
    }));
    const found: Container[] = [];
    for (let pageToken: string | undefined; pageToken !== ''; ) {
      const request = {
        all,
        filters,
        view: 'LIST_VIEW_BASIC',
        pageSize: 1000,
        pageToken: pageToken ?? '',
      } as const;
      const page = await this.#engine.call(containers.ListContainers, request, { signal });
      found.push(...page.containers.map((container) => new Container(this.#engine, container)));
      pageToken = page.nextPageToken;
    }
    return found;
  }

  #handle({ container, warnings }: CreateContainerResponse): Container {
    return new Container(this.#engine, container as NonNullable<typeof container>, warnings);
  }
}
