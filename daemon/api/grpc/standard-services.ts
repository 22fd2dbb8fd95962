import type { Server, ServerWritableStream, ServiceDefinition, sendUnaryData } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { Log } from '../../host/log.ts';
import { checkDecoded, marksUndecodable } from '../wire/decoding.ts';
import { toServiceError } from './errors.ts';
import { addReflection } from './reflection.ts';

/** Adds grpc.health.v1 and grpc.reflection (v1, v1alpha). Returns the function that reports all services as NOT_SERVING. */
export function addStandardServices(server: Server, services: readonly string[], log: Log): () => void {
  // The empty name stands for the whole server.
  const names = ['', ...services];
  const health = new HealthImplementation(
    Object.fromEntries(names.map((name) => [name, 'SERVING' as const])),
  );
  health.addToServer({
    addService: (service: ServiceDefinition, handlers: Handlers) =>
      server.addService(marksUndecodable(service), checked(handlers, log)),
  } as unknown as Server);
  addReflection(server, [...services, 'grpc.health.v1.Health'], log);
  return () => {
    for (const name of names) health.setStatus(name, 'NOT_SERVING');
  };
}

type Call = ServerWritableStream<unknown, unknown>;
type Handlers = Readonly<Record<string, (call: Call, callback?: sendUnaryData<unknown>) => void>>;

/** The library's handlers, which are called only for requests that could be decoded. */
function checked(handlers: Handlers, log: Log): Handlers {
  const check =
    (name: string, handle: Handlers[string] = () => {}) =>
    (call: Call, callback?: sendUnaryData<unknown>) => {
      try {
        checkDecoded(name, call.request);
      } catch (thrown) {
        const error = toServiceError(thrown, log);
        return callback ? callback(error) : void call.emit('error', error);
      }
      handle(call, callback);
    };
  return Object.fromEntries(Object.entries(handlers).map(([name, handle]) => [name, check(name, handle)]));
}
