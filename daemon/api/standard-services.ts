import { readFileSync } from 'node:fs';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import { readFields } from '../../common/wire.ts';
import { v1 } from '../../proto/services.ts';

/** Services whose health is told; the empty name is the server as a whole. */
export const servedServices = [
  '',
  ...Object.keys(v1)
    .filter((name) => name.endsWith('Service'))
    .map((name) => `liker.v1.${name}`),
];

/** A google.protobuf.FileDescriptorSet: our proto files, that of health, and what they import. */
const descriptorSet = new URL('../../proto/gen/liker.binpb', import.meta.url);

/** Adds grpc.health.v1 and grpc.reflection (v1, v1alpha). Answers what tells the watchers of an end of service. */
export function addStandardServices(server: Server): () => void {
  const health = new HealthImplementation(
    Object.fromEntries(servedServices.map((name) => [name, 'SERVING' as const])),
  );
  health.addToServer(server);
  addReflection(server);
  return () => {
    for (const name of servedServices) health.setStatus(name, 'NOT_SERVING');
  };
}

function addReflection(server: Server): void {
  const files = [...readFields(readFileSync(descriptorSet))].map((file) => file.value as Buffer);
  // All that the service reads of a package definition.
  const definition = { files: { fileDescriptorProtos: files } };
  new ReflectionService(
    definition as unknown as ConstructorParameters<typeof ReflectionService>[0],
  ).addToServer(server);
}
