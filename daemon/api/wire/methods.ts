import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';

type Method = MethodDefinition<unknown, unknown>;

/** The service with each of its methods changed, but with the same types. */
export function withMethods<Service extends ServiceDefinition>(
  service: Service,
  change: (method: Method) => Method,
): Service {
  const changed = Object.entries(service).map(([name, method]) => [name, change(method)]);
  return Object.fromEntries(changed) as Service;
}
