import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import { packageDefinition, v1 } from '../../proto/services.ts';

/** Services whose health is told; the empty name is the server as a whole. */
export const servedServices = [
  '',
  ...Object.keys(v1)
    .filter((name) => name.endsWith('Service'))
    .map((name) => `liker.v1.${name}`),
];

/** Adds grpc.health.v1 and grpc.reflection (v1, v1alpha). Answers what tells the watchers of an end of service. */
export function addStandardServices(server: Server): () => void {
  const health = new HealthImplementation(
    Object.fromEntries(servedServices.map((name) => [name, 'SERVING' as const])),
  );
  health.addToServer(server);
  new ReflectionService(packageDefinition).addToServer(server);
  return () => {
    for (const name of servedServices) health.setStatus(name, 'NOT_SERVING');
  };
}
