import type { ServiceDefinition } from '@grpc/grpc-js';
import { asError, LikerError } from '../../../common/errors.ts';
import { withMethods } from './methods.ts';

/** Stands for a request whose bytes are no valid message. */
class Undecodable {
  readonly problem: string;

  constructor(thrown: unknown) {
    this.problem = asError(thrown).message;
  }
}

/** Wraps a service so that requests that cannot be decoded reach the handlers, which refuse them by checkDecoded. */
export function marksUndecodable<Service extends ServiceDefinition>(service: Service): Service {
  return withMethods(service, (method) => ({
    ...method,
    requestDeserialize: (bytes) => {
      try {
        return method.requestDeserialize(bytes);
      } catch (thrown) {
        return new Undecodable(thrown);
      }
    },
  }));
}

/** Throws BAD_ARGUMENT for a request that could not be decoded. */
export function checkDecoded(method: string, request: unknown): void {
  if (!(request instanceof Undecodable)) return;
  throw new LikerError('BAD_ARGUMENT', `Cannot read the request of ${method}: ${request.problem}`, {
    metadata: { method },
  });
}
