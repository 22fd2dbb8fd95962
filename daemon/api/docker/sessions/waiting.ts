import type { Services } from '../../../engine/api.ts';
import type { TerminalSize } from '../../../engine/process/spec.ts';
import { startFailure } from '../http/errors.ts';
import type { Stream } from './stream.ts';

/**
 * Clients that are attached by this API to the main processes of containers. Docker's attach before they start the container, in a call of
 * its own; the first one is then the client that the start is for.
 */
export class WaitingAttaches {
  readonly #engine: Services;
  readonly #waiting = new Map<string, Set<Stream>>();
  readonly #attached = new Map<string, Set<Stream>>();
  readonly #sizes = new Map<string, TerminalSize>();

  constructor(engine: Services) {
    this.#engine = engine;
  }

  /** Keeps a client until the container starts. It is let go when the container is removed. */
  wait(id: string, stream: Stream): void {
    add(this.#waiting, id, stream);
    const over = new AbortController();
    this.#engine.containers
      .wait(id, 'removed', { knownExit: null, signal: over.signal })
      .then(() => {
        if (this.#waiting.get(id)?.has(stream)) stream.end();
      })
      .catch(() => {});
    void stream.over.then(() => {
      over.abort();
      remove(this.#waiting, id, stream);
    });
  }

  /** Counts a client of a container that runs. */
  attached(id: string, stream: Stream): void {
    add(this.#attached, id, stream);
    void stream.over.then(() => remove(this.#attached, id, stream));
  }

  /** Starts a container, for those that wait for it if there are any. */
  async start(id: string): Promise<void> {
    const [first, ...others] = [...(this.#waiting.get(id) ?? [])];
    this.#waiting.delete(id);
    if (first === undefined) {
      await this.#engine.containers.start(id, { requestId: '' });
      this.#useSize(id);
      return;
    }
    try {
      await this.#attach(id, first, true);
    } catch (error) {
      for (const stream of [first, ...others]) stream.end();
      throw error;
    }
    const { exit } = first;
    if (exit && exit.startError !== '') {
      for (const stream of others) stream.end();
      throw startFailure(exit.code, exit.startError);
    }
    // What they would have missed is replayed; the process may be over by now.
    for (const stream of others) await this.#attach(id, stream, false).catch(() => stream.end());
  }

  async #attach(id: string, stream: Stream, start: boolean): Promise<void> {
    const options = { processId: 'main', readOnly: false, replay: true, resume: null, start, requestId: '' };
    this.attached(id, stream);
    const session = await this.#engine.sessions.attach(
      id,
      { ...options, terminalSize: this.#takeSize(id) },
      stream,
    );
    stream.begin(session);
  }

  /** The size of the terminal, or what it is to be at the start. */
  async resize(id: string, size: TerminalSize, isRunning: boolean): Promise<void> {
    const [first] = this.#attached.get(id) ?? [];
    if (first !== undefined) return first.resize(size);
    this.#sizes.set(id, size);
    if (isRunning) this.#useSize(id);
  }

  /** Where no client is attached here: by one that is, for a moment. */
  #useSize(id: string): void {
    const terminalSize = this.#takeSize(id);
    if (terminalSize === null) return;
    const options = { processId: 'main', readOnly: false, replay: false, resume: null, start: false };
    const sink = { send: (_: unknown, flushed: () => void) => flushed(), end: () => {} };
    this.#engine.sessions
      .attach(id, { ...options, terminalSize, requestId: '' }, sink)
      .then((session) => session.input({ kind: 'detach' }, () => {}))
      .catch(() => {});
  }

  #takeSize(id: string): TerminalSize | null {
    const size = this.#sizes.get(id) ?? null;
    this.#sizes.delete(id);
    return size;
  }
}

function add(map: Map<string, Set<Stream>>, id: string, stream: Stream): void {
  map.getOrInsertComputed(id, () => new Set()).add(stream);
}

function remove(map: Map<string, Set<Stream>>, id: string, stream: Stream): void {
  const streams = map.get(id);
  streams?.delete(stream);
  if (streams?.size === 0) map.delete(id);
}
