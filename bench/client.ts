import { type ClientDuplexStream, credentials, type ServiceError } from '@grpc/grpc-js';
import type { ContainerSpecInput } from '../proto/gen/types/liker/v1/ContainerSpec.ts';
import type { SessionOutput } from '../proto/gen/types/liker/v1/SessionOutput.ts';
import { maxMessageBytes } from '../proto/limits.ts';
import { v1 } from '../test/harness/services.ts';

/** The result of a session. Times are in milliseconds since the request. */
export interface Outcome {
  readonly code: number;
  readonly readyMs: number;
  readonly exitMs: number;
  readonly endMs: number;
}

type Take = (stream: 'stdout' | 'stderr', offset: number, data: Buffer) => void;

/** A warm client: stubs of the API on one connection. */
export class LikerClient {
  readonly #containers;
  readonly #sessions;

  constructor(socket: string) {
    const options = { 'grpc.max_receive_message_length': maxMessageBytes };
    this.#containers = new v1.ContainerService(`unix:${socket}`, credentials.createInsecure(), options);
    this.#sessions = new v1.SessionService(`unix:${socket}`, credentials.createInsecure(), options);
  }

  /** Run: create, start, attach, wait, remove in one stream. */
  run(spec: ContainerSpecInput, take: Take = () => {}): Promise<Outcome> {
    return follow(this.#sessions.run(), { start: { spec: { ...spec, autoRemove: true } } }, take);
  }

  exec(container: string, args: string[], take: Take = () => {}): Promise<Outcome> {
    return follow(this.#sessions.exec(), { start: { container, process: { args } } }, take);
  }

  /** The same with one call for each verb: the milliseconds of each. */
  async fourCalls(spec: ContainerSpecInput): Promise<Record<string, number>> {
    const marks = [performance.now()];
    const mark = (): number => marks.push(performance.now());
    const container = await this.create(spec);
    mark();
    const ended = unary((done) =>
      this.#containers.waitContainer({ container, condition: 'WAIT_CONDITION_NEXT_EXIT' }, done),
    );
    await unary((done) => this.#containers.startContainer({ container }, done));
    mark();
    await ended;
    mark();
    await this.remove(container);
    mark();
    const names = ['create', 'start', 'wait', 'remove'];
    return Object.fromEntries(names.map((name, i) => [name, (marks[i + 1] ?? 0) - (marks[i] ?? 0)]));
  }

  async create(spec: ContainerSpecInput): Promise<string> {
    const answer = await unary<{ container?: { id?: string } | null }>((done) =>
      this.#containers.createContainer({ spec }, done),
    );
    return answer.container?.id ?? '';
  }

  /** A container in the background. */
  async started(spec: ContainerSpecInput): Promise<string> {
    const container = await this.create(spec);
    await unary((done) => this.#containers.startContainer({ container }, done));
    return container;
  }

  /** The call that `likerctl ps -a` makes. */
  async list(): Promise<string[]> {
    const request = { all: true, pageSize: 1000, view: 'LIST_VIEW_BASIC' } as const;
    const answer = await unary<{ containers?: { id?: string }[] }>((done) =>
      this.#containers.listContainers(request, done),
    );
    return (answer.containers ?? []).map(({ id = '' }) => id);
  }

  async remove(container: string): Promise<void> {
    await unary((done) => this.#containers.removeContainer({ container, force: true }, done));
  }

  async removeAll(): Promise<void> {
    for (;;) {
      const ids = await this.list();
      if (ids.length === 0) return;
      for (const id of ids) await this.remove(id);
    }
  }

  close(): void {
    this.#containers.close();
    this.#sessions.close();
  }
}

function unary<Response>(
  call: (done: (error: ServiceError | null, response?: Response) => void) => unknown,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    call((error, response) => (error === null && response ? resolve(response) : reject(error)));
  });
}

function follow<Request, Response extends { output: SessionOutput | null }>(
  stream: ClientDuplexStream<Request, Response>,
  start: Request,
  take: Take,
): Promise<Outcome> {
  const begin = performance.now();
  const outcome = { code: Number.NaN, readyMs: Number.NaN, exitMs: Number.NaN };
  return new Promise((resolve, reject) => {
    stream.on('data', ({ output }: Response) => {
      const chunk = output?.stdout ?? output?.stderr;
      if (chunk) take(output?.stdout ? 'stdout' : 'stderr', chunk.offset, chunk.data);
      else if (output?.ready) outcome.readyMs = performance.now() - begin;
      else if (output?.exit) {
        outcome.exitMs = performance.now() - begin;
        outcome.code = output.exit.code;
      }
    });
    stream.on('error', reject);
    stream.on('end', () => resolve({ ...outcome, endMs: performance.now() - begin }));
    stream.write(start);
  });
}
