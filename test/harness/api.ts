import { type ClientDuplexStream, credentials, type ServiceError } from '@grpc/grpc-js';
import { decodeStatus, statusDetailsKey } from '../../common/rpc-status.ts';
import type { ContainerSpecInput } from '../../proto/gen/types/liker/v1/ContainerSpec.ts';
import type { ExitStatus } from '../../proto/gen/types/liker/v1/ExitStatus.ts';
import type { PullImageRequestInput } from '../../proto/gen/types/liker/v1/PullImageRequest.ts';
import type { PullImageResponse } from '../../proto/gen/types/liker/v1/PullImageResponse.ts';
import type { Ready } from '../../proto/gen/types/liker/v1/Ready.ts';
import type { SessionInputInput } from '../../proto/gen/types/liker/v1/SessionInput.ts';
import type { SessionOutput } from '../../proto/gen/types/liker/v1/SessionOutput.ts';
import { maxMessageBytes } from '../../proto/limits.ts';
import type { Host } from './outcome.ts';
import { v1 } from './services.ts';
import { hangMs, within } from './until.ts';

type Services = typeof v1;
type Client<Name extends keyof Services> = Services[Name] extends abstract new (
  ...args: never
) => infer Instance
  ? Instance
  : never;

type Callback<Response> = (error: ServiceError | null, response?: Response) => void;

/** A gRPC client of the daemon, as in any program. */
export class Api implements Disposable {
  readonly containers: Client<'ContainerService'>;
  readonly sessions: Client<'SessionService'>;
  readonly logs: Client<'LogService'>;
  readonly events: Client<'EventService'>;
  readonly stats: Client<'StatsService'>;
  readonly system: Client<'SystemService'>;
  readonly images: Client<'ImageService'>;
  readonly files: Client<'FileService'>;
  readonly networks: Client<'NetworkService'>;
  readonly volumes: Client<'VolumeService'>;
  readonly leases: Client<'LeaseService'>;

  constructor({ socket }: Host) {
    const address = `unix:${socket}`;
    const options = {
      'grpc.default_authority': 'localhost',
      'grpc.max_receive_message_length': maxMessageBytes,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      // A killed daemon is back soon.
      'grpc.initial_reconnect_backoff_ms': 50,
      'grpc.max_reconnect_backoff_ms': 500,
    };
    const secret = credentials.createInsecure();
    this.containers = new v1.ContainerService(address, secret, options);
    this.sessions = new v1.SessionService(address, secret, options);
    this.logs = new v1.LogService(address, secret, options);
    this.events = new v1.EventService(address, secret, options);
    this.stats = new v1.StatsService(address, secret, options);
    this.system = new v1.SystemService(address, secret, options);
    this.images = new v1.ImageService(address, secret, options);
    this.files = new v1.FileService(address, secret, options);
    this.networks = new v1.NetworkService(address, secret, options);
    this.volumes = new v1.VolumeService(address, secret, options);
    this.leases = new v1.LeaseService(address, secret, options);
  }

  /** Calls a unary method: `call((callback) => api.containers.GetContainer({…}, callback))`. */
  async call<Response>(invoke: (callback: Callback<Response>) => unknown): Promise<Response> {
    const answer = new Promise<Response>((resolve, reject) => {
      invoke((error, response) => {
        if (error) reject(error);
        else resolve(response as Response);
      });
    });
    return within('a unary call', answer);
  }

  run(
    spec: ContainerSpecInput,
    more: { requestId?: string; replace?: boolean; confirmsOutput?: boolean } = {},
  ): ApiSession {
    const stream = this.sessions.Run();
    return new ApiSession(stream as unknown as Stream, { spec, ...more });
  }

  exec(container: string, process: ContainerSpecInput['process'], more: object = {}): ApiSession {
    return new ApiSession(this.sessions.Exec() as unknown as Stream, { container, process, ...more });
  }

  attach(container: string, more: object = {}): ApiSession {
    return new ApiSession(this.sessions.Attach() as unknown as Stream, { container, ...more });
  }

  /** Pulls an image; resolves to all frames. */
  async pull(request: PullImageRequestInput): Promise<PullImageResponse[]> {
    return within('a pull', Array.fromAsync<PullImageResponse>(this.images.PullImage(request)));
  }

  [Symbol.dispose](): void {
    for (const client of [
      this.containers,
      this.sessions,
      this.logs,
      this.events,
      this.stats,
      this.system,
      this.images,
      this.files,
      this.networks,
      this.volumes,
      this.leases,
    ])
      client.close();
  }
}

type Stream = ClientDuplexStream<
  { start?: object; input?: SessionInputInput },
  { output: SessionOutput | null }
>;

/** One session over gRPC. Reads as fast as it can unless it is paused. */
export class ApiSession {
  readonly stream: Stream;
  readonly ready: Promise<Ready>;
  /** Resolves at the end of the call, with the exit frame or null; rejects with the call's error. */
  readonly end: Promise<ExitStatus | null>;
  readonly warnings: string[] = [];
  /** Output chunks that did not begin where the previous one ended. */
  gaps = 0;
  onData: (stream: 'stdout' | 'stderr', data: Buffer) => void;
  readonly #out: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  readonly #offsets: Record<'stdout' | 'stderr', number> = { stdout: 0, stderr: 0 };
  readonly #watchers = new Set<() => void>();
  #exit: ExitStatus | null = null;
  #sent = 0;
  #acked = 0;

  constructor(stream: Stream, start: object) {
    this.stream = stream;
    this.onData = (name, data) => this.#out[name].push(data);
    const ready = Promise.withResolvers<Ready>();
    const end = Promise.withResolvers<ExitStatus | null>();
    this.ready = ready.promise;
    this.end = end.promise;
    this.ready.catch(() => {});
    this.end.catch(() => {});
    stream.on('data', ({ output }) => {
      if (output?.frame === 'ready' && output.ready) {
        this.#offsets.stdout = output.ready.stdoutOffset as number;
        this.#offsets.stderr = output.ready.stderrOffset as number;
        ready.resolve(output.ready);
      } else if (output) this.#handle(output);
    });
    stream.on('error', (error: Error) => {
      ready.reject(error);
      end.reject(error);
    });
    stream.on('end', () => {
      ready.reject(new Error('The session ended without a ready frame'));
      end.resolve(this.#exit);
      this.#tell();
    });
    stream.write({ start });
  }

  get stdout(): Buffer {
    return Buffer.concat(this.#out.stdout);
  }

  get stderr(): Buffer {
    return Buffer.concat(this.#out.stderr);
  }

  get ackedStdin(): number {
    return this.#acked;
  }

  /** The exit frame. Throws if the call ends without one or hangs. */
  async exit(deadlineMs: number = hangMs): Promise<ExitStatus> {
    const exit = await within('a session', this.end, {
      deadlineMs,
      state: () => `stdout so far: ${this.stdout.length} bytes, ${this.stdout.subarray(-500)}`,
    });
    if (exit === null) throw new Error('The session ended without an exit frame');
    return exit;
  }

  send(input: SessionInputInput): boolean {
    return this.stream.write({ input });
  }

  type(text: string | Buffer): void {
    const data = Buffer.from(text as string);
    this.send({ stdin: { offset: this.#sent, data } });
    this.#sent += data.length;
  }

  /** Resolves when stdout matches. */
  waitFor(pattern: RegExp | string): Promise<void> {
    const seen = new Promise<void>((resolve) => {
      const watcher = (): void => {
        const text = this.stdout.toString();
        if (typeof pattern === 'string' ? !text.includes(pattern) : !pattern.test(text)) return;
        this.#watchers.delete(watcher);
        resolve();
      };
      this.#watchers.add(watcher);
      watcher();
    });
    return within(`no ${pattern}`, seen, { state: () => this.stdout.toString().slice(-2000) });
  }

  /** Detaches; the process goes on. */
  async detach(): Promise<void> {
    this.send({ detach: {} });
    await within('detach', this.end);
    this.stream.end();
  }

  /** Disconnects like a killed client. */
  vanish(): void {
    this.stream.cancel();
  }

  #handle(output: SessionOutput): void {
    if (output.frame === 'stdout' || output.frame === 'stderr') {
      const chunk = output[output.frame];
      if (!chunk) return;
      if (chunk.offset !== this.#offsets[output.frame]) this.gaps++;
      this.#offsets[output.frame] = (chunk.offset as number) + chunk.data.length;
      this.onData(output.frame, chunk.data as Buffer);
    } else if (output.frame === 'exit') this.#exit = output.exit ?? null;
    else if (output.frame === 'warning') this.warnings.push(output.warning?.message ?? '');
    else if (output.frame === 'stdinAck') this.#acked = Number(output.stdinAck?.offset ?? 0);
    this.#tell();
    if (output.frame === 'exit') this.stream.end();
  }

  #tell(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** The error of a call that must fail. */
export async function failure(call: Promise<unknown>): Promise<ServiceError> {
  return call.then(
    (answer) => {
      throw new Error(`It did not fail: ${JSON.stringify(answer)}`);
    },
    (error: ServiceError) => error,
  );
}

export function reasonOf(error: ServiceError): string | undefined {
  const [bytes] = error.metadata.get(statusDetailsKey);
  return bytes instanceof Buffer ? decodeStatus(bytes)?.details.reason : undefined;
}
