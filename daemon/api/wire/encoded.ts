import type { ServiceDefinition } from '@grpc/grpc-js';
import { withMethods } from './methods.ts';

/** A response that was encoded before it is sent. */
class Encoded {
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
}

/** To be answered in place of the response that consists of these bytes, by a method of a service that `takesEncoded`. */
export function encoded<Response extends object>(...parts: readonly Uint8Array[]): Response {
  return new Encoded(Buffer.concat(parts)) as unknown as Response;
}

/** The service, with methods that may answer bytes. */
export function takesEncoded<Service extends ServiceDefinition>(service: Service): Service {
  return withMethods(service, (method) => ({
    ...method,
    responseSerialize: (message) =>
      message instanceof Encoded ? message.bytes : method.responseSerialize(message),
  }));
}
