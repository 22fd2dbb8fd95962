import type { ServiceDefinition } from '@grpc/grpc-js';
import { withMethods } from './methods.ts';

class Encoded {
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
}

/** A response given as its bytes. Only methods of a service wrapped by takesEncoded may answer it. */
export function encoded<Response extends object>(...parts: readonly Uint8Array[]): Response {
  return new Encoded(Buffer.concat(parts)) as unknown as Response;
}

/** Wraps a service so that its methods may answer responses made by encoded. */
export function takesEncoded<Service extends ServiceDefinition>(service: Service): Service {
  return withMethods(service, (method) => ({
    ...method,
    responseSerialize: (message) =>
      message instanceof Encoded ? message.bytes : method.responseSerialize(message),
  }));
}
