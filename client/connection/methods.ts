import type { MethodDefinition } from '@grpc/proto-loader';
import protobuf, { type IConversionOptions, type INamespace, type IService } from 'protobufjs/light.js';
import descriptor from '../../proto/gen/liker.json' with { type: 'json' };
import type { ContainerServiceDefinition } from '../../proto/gen/types/liker/v1/ContainerService.ts';
import type { EventServiceDefinition } from '../../proto/gen/types/liker/v1/EventService.ts';
import type { LogServiceDefinition } from '../../proto/gen/types/liker/v1/LogService.ts';
import type { SessionServiceDefinition } from '../../proto/gen/types/liker/v1/SessionService.ts';
import type { StatsServiceDefinition } from '../../proto/gen/types/liker/v1/StatsService.ts';
import type { SystemServiceDefinition } from '../../proto/gen/types/liker/v1/SystemService.ts';
import { descriptorPart } from './descriptor-part.ts';

// The same as proto/services.ts makes, but method by method on first use: a command needs one or two of the forty,
// and loading all of them, with their descriptors for reflection, would take half of its time.

const pkg = 'liker.v1';

/** As in proto/services.ts. */
const conversion: IConversionOptions = { longs: Number, enums: String, defaults: true, oneofs: true };

const whole = descriptor as unknown as INamespace;

type ClientMethod = Pick<
  MethodDefinition<object, object>,
  'path' | 'requestSerialize' | 'responseDeserialize'
>;

function lazyService<Definition extends object>(service: string): Definition {
  const made = new Map<string, ClientMethod>();
  return new Proxy({} as Definition, {
    get(_, name) {
      if (typeof name !== 'string') return undefined;
      const method = made.get(name) ?? makeMethod(service, name);
      made.set(name, method);
      return method;
    },
  });
}

function makeMethod(service: string, name: string): ClientMethod {
  const services = descriptor.nested.liker.nested.v1.nested as unknown as Record<string, IService>;
  const method = services[service]?.methods[name];
  if (method === undefined) throw new Error(`There is no method ${name} in ${service}`);
  const { requestType, responseType } = method;
  const root = protobuf.Root.fromJSON(descriptorPart(whole, pkg, [requestType, responseType]));
  const request = root.lookupType(`${pkg}.${requestType}`);
  const response = root.lookupType(`${pkg}.${responseType}`);
  return {
    path: `/${pkg}.${service}/${name}`,
    requestSerialize: (message) => request.encode(request.fromObject(message)).finish() as Buffer,
    responseDeserialize: (bytes) => response.toObject(response.decode(bytes), conversion),
  };
}

/** The methods of each service, by name. */
export const containers = lazyService<ContainerServiceDefinition>('ContainerService');
export const sessions = lazyService<SessionServiceDefinition>('SessionService');
export const logs = lazyService<LogServiceDefinition>('LogService');
export const events = lazyService<EventServiceDefinition>('EventService');
export const stats = lazyService<StatsServiceDefinition>('StatsService');
export const system = lazyService<SystemServiceDefinition>('SystemService');
