import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceError,
  type UntypedHandleCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { statusCodes } from '../../common/errors.ts';
import { encodeStatus, type StatusDetails, statusDetailsKey } from '../../common/rpc-status.ts';
import { byWire, TtrpcServer } from '../../daemon/api/ttrpc/server.ts';
import type { Log } from '../../daemon/host/log.ts';
import type { SessionInput } from '../../proto/gen/types/liker/v1/SessionInput.ts';
import type { SessionOutputInput } from '../../proto/gen/types/liker/v1/SessionOutput.ts';
import { v1 } from '../../test/harness/services.ts';

const nothing = (): void => {};
const silent: Log = { error: nothing, warn: nothing, info: nothing, debug: nothing };

/** A client frame of Run, Exec or Attach. */
export interface ClientFrame<Start> {
  readonly start?: Start | null;
  readonly input?: SessionInput | null;
}

type Duplex = ServerDuplexStream<ClientFrame<unknown>, { output: SessionOutputInput }>;

/** The server's side of one session, to be scripted by a test. */
export class FakeSession {
  readonly #stream: Duplex;
  readonly #waiting: ((frame: ClientFrame<unknown> | undefined) => void)[] = [];
  readonly #frames: ClientFrame<unknown>[] = [];
  #hasEnded = false;
  /** Bytes of stdin so far. */
  readonly stdin: Buffer[] = [];

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('data', (frame: ClientFrame<unknown>) => this.#take(frame));
    for (const event of ['end', 'cancelled', 'close', 'error']) {
      stream.on(event, () => {
        this.#hasEnded = true;
        for (const waiting of this.#waiting.splice(0)) waiting(undefined);
      });
    }
  }

  #take(frame: ClientFrame<unknown>): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#frames.push(frame);
    else waiting(frame);
  }

  /** The next client frame; undefined when the client has nothing more to say. */
  async next(): Promise<ClientFrame<unknown> | undefined> {
    const frame = this.#frames.shift();
    if (frame !== undefined || this.#hasEnded) return frame;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The next frame after start. */
  async nextInput(): Promise<SessionInput | undefined> {
    return (await this.next())?.input ?? undefined;
  }

  /** Reads stdin until the client closes it, or until it has `bytes`. */
  async readStdin(bytes = Number.POSITIVE_INFINITY): Promise<Buffer> {
    while (Buffer.concat(this.stdin).length < bytes) {
      const input = await this.nextInput();
      if (input === undefined || input.frame === 'closeStdin') break;
      if (input.stdin) this.stdin.push(input.stdin.data);
    }
    return Buffer.concat(this.stdin);
  }

  /** Writes a frame; resolves when there is room for more. */
  async send(output: SessionOutputInput): Promise<void> {
    if (this.#stream.write({ output })) return;
    await new Promise((resolve) => this.#stream.once('drain', resolve));
  }

  ready(fields: Partial<NonNullable<SessionOutputInput['ready']>> = {}): Promise<void> {
    const ready = { containerId: 'c'.repeat(64), processId: 'main', sessionId: 's1', ...fields };
    return this.send({ ready });
  }

  /** Writes the exit frame and ends the stream. */
  async exit(code: number, fields: { startError?: string } = {}): Promise<void> {
    await this.send({ exit: { code, ...fields } });
    this.#stream.end();
  }

  end(): void {
    this.#stream.end();
  }

  fail(code: keyof typeof statusCodes, message: string, details: StatusDetails): void {
    this.#stream.emit('error', serviceError(code, message, details));
  }
}

/** What a handler passes on to fail a call as the daemon does. */
export function serviceError(
  code: keyof typeof statusCodes,
  message: string,
  details: StatusDetails,
): ServiceError {
  const metadata = new Metadata();
  metadata.set(statusDetailsKey, encodeStatus({ code: statusCodes[code], message, details }));
  return Object.assign(new Error(message), { code: statusCodes[code] as number, details: message, metadata });
}

/** What the server does; a method that is not given is UNIMPLEMENTED. */
export interface FakeHandlers {
  run?(session: FakeSession): Promise<void>;
  exec?(session: FakeSession): Promise<void>;
  attach?(session: FakeSession): Promise<void>;
  /** Answers of unary methods, by name such as GetContainer. A thrown ServiceError is sent as it is. */
  unary?: Readonly<Record<string, (request: never) => object | Promise<object>>>;
  /** Messages of server streams, by name such as ReadLogs. */
  streams?: Readonly<Record<string, (request: never) => Iterable<object> | AsyncIterable<object>>>;
}

/** A server in this process with scripted answers, on a socket of its own. It speaks both wires, as likerd does. */
export class FakeServer implements AsyncDisposable {
  readonly folder: string;
  readonly socketPath: string;
  #grpc: Server | undefined;
  #listener: NetServer | undefined;
  readonly #sockets = new Set<Socket>();

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'liker-client-'));
    this.socketPath = join(this.folder, 'liker.sock');
  }

  /** Begins to serve; after {@link kill} once more. With `onlyGrpc` as a likerd of a version before ttrpc does. */
  async listen(handlers: FakeHandlers, { onlyGrpc = false } = {}): Promise<void> {
    const grpc = new Server();
    const ttrpc = new TtrpcServer(silent);
    for (const { service } of [
      v1.ContainerService,
      v1.SessionService,
      v1.SystemService,
      v1.LogService,
      v1.EventService,
      v1.StatsService,
      v1.RegistryService,
      v1.FileService,
      v1.ImageService,
      v1.NetworkService,
      v1.VolumeService,
    ]) {
      grpc.addService(service, implementation(handlers));
      ttrpc.addService(service, implementation(handlers));
    }
    const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
    const inject = (socket: Socket) => injector.injectConnection(socket);
    this.#grpc = grpc;
    this.#listener = createServer({ pauseOnConnect: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      if (!onlyGrpc) return byWire(socket, { grpc: inject, ttrpc: (taken) => ttrpc.serve(taken) });
      inject(socket);
      socket.resume();
    });
    this.#listener.listen(this.socketPath);
    await once(this.#listener, 'listening');
  }

  /** Drops all connections, as a daemon that is killed does. */
  kill(): void {
    this.#grpc?.forceShutdown();
    this.#listener?.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
    rmSync(this.socketPath, { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A server whose Run does what the test says. */
export async function runServer(run: (session: FakeSession) => Promise<void>): Promise<FakeServer> {
  const server = new FakeServer();
  await server.listen({ run });
  return server;
}

function implementation({
  run,
  exec,
  attach,
  unary = {},
  streams = {},
}: FakeHandlers): UntypedServiceImplementation {
  const handlers: UntypedServiceImplementation = {};
  const sessions = { Run: run, Exec: exec, Attach: attach };
  for (const [name, script] of Object.entries(sessions)) {
    if (script === undefined) continue;
    handlers[name] = (stream: Duplex) => void script(new FakeSession(stream));
  }
  for (const [name, answer] of Object.entries(unary)) {
    const handle: handleUnaryCall<never, object> = (call, callback) => {
      Promise.try(answer, call.request).then(
        (response) => callback(null, response),
        (error: ServiceError) => callback(error),
      );
    };
    handlers[name] = handle as UntypedHandleCall;
  }
  for (const [name, messages] of Object.entries(streams)) {
    const handle: handleServerStreamingCall<never, object> = async (call) => {
      for await (const message of messages(call.request)) call.write(message);
      call.end();
    };
    handlers[name] = handle as UntypedHandleCall;
  }
  return handlers;
}
