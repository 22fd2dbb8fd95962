import type { Container } from '../../proto/gen/types/liker/v1/Container.ts';
import type { ContainerSpecInput } from '../../proto/gen/types/liker/v1/ContainerSpec.ts';
import type { Event } from '../../proto/gen/types/liker/v1/Event.ts';
import { Api } from './api.ts';
import type { Daemon } from './daemon.ts';
import type { Suite } from './suite.ts';

/**
 * Calls for tests that start and kill the daemon: each takes a millisecond, while a likerctl takes many. Every
 * call has its own connection, so that none still refers to the previous daemon.
 */
export class Containers {
  readonly #suite: Pick<Suite, 'daemon' | 'rootfs'>;

  constructor(suite: Pick<Suite, 'daemon' | 'rootfs'>) {
    this.#suite = suite;
  }

  /** As `run -d`: the whole id. */
  async start(args: readonly string[], more: ContainerSpecInput = {}): Promise<string> {
    const spec = { rootfs: { directory: this.#suite.rootfs }, process: { args: [...args] }, ...more };
    return this.#with(async (api) => {
      const made = await api.call<{ container: Container }>((done) =>
        api.containers.CreateContainer({ spec }, done as never),
      );
      await api.call((done) =>
        api.containers.StartContainer({ container: made.container.id }, done as never),
      );
      return made.container.id;
    });
  }

  async get(container: string): Promise<Container> {
    const answer = await this.#with((api) =>
      api.call<{ container: Container }>((done) => api.containers.GetContainer({ container }, done as never)),
    );
    return answer.container;
  }

  /** Such as RUNNING, or EXITED with a code. */
  async state(container: string): Promise<string> {
    const { state, exit } = await this.get(container);
    const word = String(state).replace('CONTAINER_STATE_', '');
    return word === 'EXITED' ? `EXITED ${exit?.code}` : word;
  }

  async names(): Promise<string[]> {
    const { containers } = await this.#with((api) =>
      api.call<{ containers: Container[] }>((done) =>
        api.containers.ListContainers({ all: true }, done as never),
      ),
    );
    return containers.map(({ spec }) => spec?.name ?? '').sort();
  }

  /** Kills it and waits for its end. */
  async kill(container: string): Promise<void> {
    await this.#with(async (api) => {
      await api.call((done) => api.containers.KillContainer({ container, signal: 'KILL' }, done as never));
      await api.call((done) => api.containers.WaitContainer({ container }, done as never));
    });
  }

  async remove(...containers: readonly string[]): Promise<void> {
    for (const container of containers)
      await this.#with((api) =>
        api.call((done) => api.containers.RemoveContainer({ container, force: true }, done as never)),
      );
  }

  async warnings(): Promise<readonly string[]> {
    const info = await this.#with((api) =>
      api.call<{ warnings: string[] }>((done) => api.system.GetInfo({}, done as never)),
    );
    return info.warnings;
  }

  /** All stored events. */
  async events(): Promise<readonly Event[]> {
    return this.#with(async (api) => {
      const events: Event[] = [];
      for await (const { event } of api.events.Subscribe({ sinceSeq: 0 })) events.push(event as Event);
      return events;
    });
  }

  async #with<T>(task: (api: Api) => Promise<T>): Promise<T> {
    using api = new Api(this.#suite.daemon as Daemon);
    return await task(api);
  }
}
