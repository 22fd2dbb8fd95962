import { maxMessageBytes } from '../../proto/limits.ts';
import { ChannelCredentials, Client, Metadata } from './grpc.ts';
import type { BidiStream, Method, ServerStream, UnaryOptions, Wire } from './wire.ts';

const channelOptions = {
  'grpc.default_authority': 'localhost',
  'grpc.max_receive_message_length': maxMessageBytes,
  'grpc.max_send_message_length': maxMessageBytes,
  // With HTTP/2's default of 64 KiB every second chunk of output would cost a round trip.
  'grpc-node.flow_control_window': 4 * 1024 * 1024,
  'grpc.enable_channelz': 0,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 500,
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
};

/** gRPC, which every likerd speaks. */
export class GrpcWire implements Wire {
  readonly isMutual = true;
  readonly isDoubtful = false;
  readonly #client: Client;

  constructor(socketPath: string) {
    this.#client = new Client(`unix:${socketPath}`, ChannelCredentials.createInsecure(), channelOptions);
  }

  unary<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    { deadlineMs, signal }: UnaryOptions,
  ): Promise<Response> {
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const call = this.#client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      new Metadata(),
      deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs },
      (error, response) => {
        signal?.removeEventListener('abort', cancel);
        if (error !== null) reject(error);
        else if (response === undefined) reject(new Error(`No answer to ${method.path}`));
        else resolve(response);
      },
    );
    const cancel = (): void => call.cancel();
    signal?.addEventListener('abort', cancel);
    return promise;
  }

  serverStream<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
  ): ServerStream<Response> {
    const { path, requestSerialize, responseDeserialize } = method;
    const call = this.#client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request);
    return Object.assign(call, { messages: () => call as AsyncIterable<Response> });
  }

  bidiStream<Request, Response>(method: Method<Request, Response>): BidiStream<Request, Response> {
    const { path, requestSerialize, responseDeserialize } = method;
    const call = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    const messages = () => call.iterator({ destroyOnReturn: false }) as AsyncIterable<Response>;
    return Object.assign(call, { messages });
  }

  close(): void {
    this.#client.close();
  }
}
