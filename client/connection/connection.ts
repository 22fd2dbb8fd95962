import type { ClientDuplexStream, ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { maxMessageBytes } from '../../proto/limits.ts';
import { ChannelCredentials, Client, Metadata } from './grpc.ts';
import { fromServiceError } from './service-error.ts';

/** The part of a method's definition that a client needs. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

const channelOptions = {
  'grpc.default_authority': 'localhost',
  'grpc.max_receive_message_length': maxMessageBytes,
  'grpc.max_send_message_length': maxMessageBytes,
  // HTTP/2's default of 64 KiB costs a round trip for every other chunk of output.
  'grpc-node.flow_control_window': 4 * 1024 * 1024,
  'grpc.enable_channelz': 0,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 500,
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
};

/** A channel to the daemon. Errors of its calls are LikerErrors. */
export class Connection {
  readonly socketPath: string;
  readonly #client: Client;

  constructor(socketPath: string) {
    this.socketPath = socketPath;
    this.#client = new Client(`unix:${socketPath}`, ChannelCredentials.createInsecure(), channelOptions);
  }

  /** Calls a unary method. Without `deadlineMs` it waits for ever. */
  unary<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    { deadlineMs }: { readonly deadlineMs?: number } = {},
  ): Promise<Response> {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    this.#client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      new Metadata(),
      deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs },
      (error, response) => {
        if (error !== null) reject(this.explain(error));
        else if (response === undefined) reject(new Error(`No answer to ${method.path}`));
        else resolve(response);
      },
    );
    return promise;
  }

  serverStream<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
  ): ClientReadableStream<Response> {
    return this.#client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
    );
  }

  /** The messages of a server stream. Leaving the loop early cancels the call. */
  async *messages<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
  ): AsyncGenerator<Response> {
    const call = this.serverStream(method, request);
    try {
      for await (const message of call) yield message as Response;
    } catch (error) {
      throw this.explain(error as ServiceError);
    } finally {
      call.cancel();
    }
  }

  bidiStream<Request, Response>(method: Method<Request, Response>): ClientDuplexStream<Request, Response> {
    return this.#client.makeBidiStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
    );
  }

  explain(error: ServiceError): Error {
    return fromServiceError(error, this.socketPath);
  }

  close(): void {
    this.#client.close();
  }
}
