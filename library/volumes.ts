import { volumes } from '../client/connection/methods.ts';
import type { Volume } from '../proto/gen/types/liker/v1/Volume.ts';
import type { CallOptions, Engine } from './engine.ts';
import { requestId } from './request-id.ts';

/**
 * Volumes: folders that outlive their containers.
 *
 * @example
 * await liker.volumes.create('data', { labels: { app: 'shop' } });
 * console.log((await liker.volumes.get('data')).labels['app']); //> shop
 * await liker.volumes.remove('data');
 */
export class Volumes {
  readonly #engine: Engine;

  /** @internal */
  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Makes a volume; that of the name, if it is there. Without a name it gets one. */
  async create(
    name = '',
    { labels = {}, signal }: CallOptions & { readonly labels?: Readonly<Record<string, string>> } = {},
  ): Promise<Volume> {
    const leaseId = await this.#engine.leaseId();
    const { volume } = await this.#engine.make(
      volumes.CreateVolume,
      { name, labels: { ...labels }, leaseId, requestId: requestId() },
      async ({ created, volume: made }) => created && this.remove(made?.name ?? ''),
      { signal },
    );
    return volume as Volume;
  }

  /** A volume that is there. */
  async get(name: string, options: CallOptions = {}): Promise<Volume> {
    return (await this.#engine.call(volumes.GetVolume, { name }, options)).volume as Volume;
  }

  /** All volumes. */
  async list(options: CallOptions = {}): Promise<Volume[]> {
    return (await this.#engine.call(volumes.ListVolumes, {}, options)).volumes;
  }

  /** Removes a volume that no container has. */
  async remove(name: string, options: CallOptions = {}): Promise<void> {
    await this.#engine.call(volumes.RemoveVolume, { name, requestId: requestId() }, options);
  }
}
