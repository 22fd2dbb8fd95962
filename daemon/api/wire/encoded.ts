import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';

/** A response that was encoded before it is sent: part by part, where all at once would hold up everybody else. */
class Encoded {
  readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }
}

/** To be answered in place of the response whose bytes these are, by a method of a service that `takesEncoded`. */
export function encoded<Response extends object>(...parts: readonly Uint8Array[]): Response {
  return new Encoded(Buffer.concat(parts)) as unknown as Response;
}

/** The service, with methods that may answer bytes. */
export function takesEncoded<Service extends ServiceDefinition>(service: Service): Service {
  const take = (method: MethodDefinition<unknown, unknown>) => ({
    ...method,
    responseSerialize: (message: unknown) =>
      message instanceof Encoded ? message.bytes : method.responseSerialize(message),
  });
  return Object.fromEntries(
    Object.entries(service).map(([name, method]) => [name, take(method)]),
  ) as unknown as Service;
}
