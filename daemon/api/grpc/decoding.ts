import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { asError, LikerError } from '../../../common/errors.ts';

/** A request whose bytes are not those of its message. */
class Undecodable {
  readonly problem: string;

  constructor(thrown: unknown) {
    this.problem = asError(thrown).message;
  }
}

/**
 * The service, with requests that cannot be decoded handed to the handlers, which refuse them by checkDecoded: grpc-js would
 * answer INTERNAL, as if the fault were the daemon's.
 */
export function marksUndecodable<Service extends ServiceDefinition>(service: Service): Service {
  const mark = (method: MethodDefinition<unknown, unknown>) => ({
    ...method,
    requestDeserialize: (bytes: Buffer) => {
      try {
        return method.requestDeserialize(bytes);
      } catch (thrown) {
        return new Undecodable(thrown);
      }
    },
  });
  return Object.fromEntries(
    Object.entries(service).map(([name, method]) => [name, mark(method)]),
  ) as unknown as Service;
}

/** Throws BAD_ARGUMENT for a request that could not be decoded. */
export function checkDecoded(method: string, request: unknown): void {
  if (!(request instanceof Undecodable)) return;
  throw new LikerError('BAD_ARGUMENT', `Cannot read the request of ${method}: ${request.problem}`, {
    metadata: { method },
  });
}
