import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import type { Container } from '../../proto/gen/types/liker/v1/Container.ts';
import { Api } from './api.ts';
import { leftovers } from './leaks.ts';
import type { Suite } from './suite.ts';
import { hangMs, until } from './until.ts';

export type BoxState = 'absent' | 'created' | 'running' | 'exited' | 'orphaned';

const name = 'box';
export const likerdEnded = 'likerd has ended';

/**
 * One container that is repeatedly put into a state, acted on, and compared with the host. Each call has its own
 * connection, so that none still refers to a killed daemon.
 */
export class Box {
  readonly #suite: Suite;
  #id = '';
  #tries = 0;

  constructor(suite: Suite) {
    this.#suite = suite;
  }

  /** A retry after a lost answer does not create a second one. */
  async create(): Promise<void> {
    const spec = this.#suite.spec(['sleep', '100000'], {}, { name, autoRemove: false });
    const requestId = `box ${this.#tries}`;
    const { container } = await this.#call<{ container: Container }>(({ containers }, done) =>
      containers.CreateContainer({ spec, requestId }, done as never),
    );
    this.#id = container.id;
  }

  start(): Promise<unknown> {
    return this.#call(({ containers }, done) =>
      containers.StartContainer({ container: name }, done as never),
    );
  }

  /** Runs to its end, with a client that reconnects with the same id when its answer is lost. */
  async run(): Promise<void> {
    using api = new Api(this.#suite.daemon);
    try {
      const requestId = `box ${this.#tries}`;
      const { code, startError } = await api
        .run(this.#suite.spec(['true'], {}, { name }), { requestId })
        .exit();
      if (code !== 0) throw new Error(startError);
    } catch (error) {
      // No status: the client is expected to reconnect to the session.
      const { code = status.UNAVAILABLE } = error as { code?: number };
      if (code !== status.UNAVAILABLE) this.#tries += 1;
      throw error;
    }
  }

  /** No client is attached, so after a kill of the daemon none is expected to reconnect. */
  exec(): Promise<unknown> {
    return this.#call(({ sessions }, done) =>
      sessions.StartExec({ container: name, process: { args: ['true'] } }, done as never),
    );
  }

  stop(more: { signal?: string; timeoutSeconds?: number } = {}): Promise<unknown> {
    return this.#call(({ containers }, done) =>
      containers.StopContainer({ container: name, timeoutSeconds: 2, ...more }, done as never),
    );
  }

  /** Kills it and waits for the end. Succeeds if it has already ended, for retries. */
  async kill(): Promise<void> {
    if ((await this.state()) === 'exited') return;
    await this.#call(({ containers }, done) => containers.KillContainer({ container: name }, done as never));
    await this.#call(({ containers }, done) => containers.WaitContainer({ container: name }, done as never));
  }

  /** Removes it by its id; succeeds if it does not exist. */
  remove(force: boolean): Promise<unknown> {
    const request = { container: this.#id, force };
    return this.#call(({ containers }, done) => containers.RemoveContainer(request, done as never));
  }

  async state(): Promise<BoxState> {
    const container = await this.#get();
    return container === null
      ? 'absent'
      : (container.state.replace('CONTAINER_STATE_', '').toLowerCase() as BoxState);
  }

  /** Puts it into the state for the next try. */
  async bring(to: BoxState): Promise<void> {
    let now = await this.state();
    this.#tries += 1;
    if (now === to) return;
    if (to === 'absent' || to === 'created' || now === 'orphaned') {
      await this.remove(true);
      now = 'absent';
    }
    if (to === 'absent') return;
    if (now === 'absent') await this.create();
    if (to === 'created') return;
    await this.start();
    if (to === 'exited') await this.kill();
  }

  /** Resolves to its state once the host has exactly what belongs to that state, and so does the database. */
  async settled(): Promise<BoxState> {
    let state: BoxState = 'absent';
    let surplus: unknown;
    await until(
      'only what belongs to the container',
      async () => {
        if (!this.#suite.daemon.isRunning) return true;
        state = await this.state();
        surplus = await this.#surplus(state);
        return surplus === null;
      },
      { deadlineMs: Math.min(hangMs, 30_000), everyMs: 15 },
    ).catch(() => assert.fail(`${state}, and on the host or waiting: ${JSON.stringify(surplus)}`));
    if (!this.#suite.daemon.isRunning) throw new Error(likerdEnded);
    return state;
  }

  /** What is on the host beyond what belongs to the state; null if nothing. */
  async #surplus(state: BoxState): Promise<unknown> {
    const { warnings } = await this.#call<{ warnings: string[] }>(({ system }, done) =>
      system.GetInfo({}, done as never),
    );
    const waiting = warnings.filter((warning) => warning.includes('memory'));
    if (waiting.length > 0) return waiting;
    if (state === 'running') return this.#strangers();
    if (state === 'orphaned') return null;
    const { files = [], ...left } = leftovers(this.#suite.daemon);
    const own = join(this.#suite.daemon.root, 'containers', this.#id);
    const strange = files.filter((file) => state === 'absent' || file !== own);
    return strange.length > 0 || Object.keys(left).length > 0 ? { ...left, files: strange } : null;
  }

  /** Processes beside the init and the program, both of which must run. */
  async #strangers(): Promise<unknown> {
    const container = await this.#get();
    if (container === null) return 'it is gone';
    const folders = Object.values(container.cgroupPaths);
    const groups = folders.flatMap((path) =>
      readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory()),
    );
    const processes = readFileSync(join(folders[0] ?? '', 'cgroup.procs'), 'utf8')
      .trim()
      .split('\n');
    const records = readdirSync(join(this.#suite.daemon.run, 'c', this.#id)).filter((file) =>
      /^exec|\.new$/.test(file),
    );
    const { execIds } = container;
    if (execIds.length + groups.length + records.length === 0 && processes.length === 2) return null;
    return { execIds, groups: groups.map((group) => group.name), processes, records };
  }

  async #get(): Promise<Container | null> {
    try {
      const { container } = await this.#call<{ container: Container }>(({ containers }, done) =>
        containers.GetContainer({ container: name }, done as never),
      );
      this.#id = container.id;
      return container;
    } catch (error) {
      if ((error as { code?: number }).code === status.NOT_FOUND) return null;
      throw error;
    }
  }

  async #call<T>(invoke: (api: Api, done: (error: never, answer?: T) => void) => unknown): Promise<T> {
    using api = new Api(this.#suite.daemon);
    return await api.call<T>((done) => invoke(api, done as never));
  }
}
