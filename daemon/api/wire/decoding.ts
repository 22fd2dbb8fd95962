import type { ServiceDefinition } from '@grpc/grpc-js';
import { asError, LikerError } from '../../../common/errors.ts';
import { withMethods } from './methods.ts';

/** A request whose bytes are not those of its message. */
class Undecodable {
  readonly problem: string;

  constructor(thrown: unknown) {
    this.problem = asError(thrown).message;
  }
}

/** The service, with requests that cannot be decoded handed to the handlers, which refuse them by checkDecoded. */
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
