import { readFileSync } from 'node:fs';
import type { Server, ServiceDefinition } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation } from 'grpc-health-check';
import { own } from '../../common/own.ts';
import { readFields } from '../../common/wire.ts';
import { serviceNames } from './definitions.ts';

/** Services whose health is told; the empty name is the server as a whole. */
export const servedServices = ['', ...serviceNames.map((name) => `liker.v1.${name}`)];

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

/** The service looks through all definitions when it is made, which takes longer than all else here: not before somebody asks. */
function addReflection(server: Server): void {
  let asked: readonly ServiceHandlers[] | undefined;
  const files = () => [...readFields(readFileSync(descriptorSet))].map((file) => file.value as Buffer);
  for (const [index, { service, handlers }] of reflectionServices([]).entries()) {
    const late = Object.keys(handlers).map((method) => [
      method,
      (call: never, answer: never) => {
        asked ??= reflectionServices(files());
        const handlers = asked[index]?.handlers ?? {};
        return own(handlers, method)?.(call, answer);
      },
    ]);
    server.addService(service, Object.fromEntries(late));
  }
}

interface ServiceHandlers {
  readonly service: ServiceDefinition;
  readonly handlers: Readonly<Record<string, (call: never, answer: never) => unknown>>;
}

function reflectionServices(fileDescriptorProtos: readonly Buffer[]): ServiceHandlers[] {
  // All that the service reads of a package definition.
  const definition = { files: { fileDescriptorProtos } };
  const added: ServiceHandlers[] = [];
  const addService = (service: ServiceDefinition, handlers: ServiceHandlers['handlers']) =>
    added.push({ service, handlers });
  new ReflectionService(
    definition as unknown as ConstructorParameters<typeof ReflectionService>[0],
  ).addToServer({ addService } as unknown as Server);
  return added;
}
