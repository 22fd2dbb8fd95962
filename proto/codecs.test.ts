import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import * as client from './gen/client-codecs.ts';
import * as daemon from './gen/daemon-codecs.ts';
import descriptor from './gen/liker.json' with { type: 'json' };
import { v1 } from './services.ts';

type Method = MethodDefinition<object, object>;
type Codecs = Readonly<Record<string, Readonly<Record<string, Partial<Method>>>>>;
const root = protobuf.Root.fromJSON(descriptor as unknown as protobuf.INamespace);

/** A message with something in each field, and in one of each oneof. */
function sample(type: protobuf.Type, depth = 0): object {
  const chosen = type.oneofsArray.map(({ fieldsArray }) => fieldsArray[depth % fieldsArray.length]);
  const fields = type.fieldsArray
    .map((field) => field.resolve())
    .filter((field) => !field.partOf || chosen.includes(field))
    .filter((field) => depth < 6 || !(field.resolvedType instanceof protobuf.Type));
  return Object.fromEntries(fields.map((field) => [field.name, several(field, value(field, depth))]));
}

function several(field: protobuf.Field, one: unknown): unknown {
  if (field.map) return { key: one, other: one };
  return field.repeated ? [one, one] : one;
}

function value(field: protobuf.Field, depth: number): unknown {
  const { resolvedType, type } = field;
  if (resolvedType instanceof protobuf.Enum) return Object.keys(resolvedType.values).at(-1);
  if (resolvedType) return sample(resolvedType, depth + 1);
  if (type === 'bytes') return Buffer.from([0, 255]);
  if (type === 'string') return `${field.name} ü`;
  if (type === 'bool') return true;
  if (type === 'double' || type === 'float') return 1.5;
  return type.includes('64') ? 2 ** 40 : 77;
}

const services = Object.entries(v1).filter(([name]) => name.endsWith('Service'));

for (const [serviceName, { service }] of services as unknown as [string, { service: ServiceDefinition }][]) {
  test(`${serviceName}: what is made when Liker is built writes and reads as protobufjs does`, () => {
    const types = root.lookupService(`liker.v1.${serviceName}`).methods;
    for (const [name, general] of Object.entries(service) as unknown as [string, Method][]) {
      const served = (daemon as unknown as Codecs)[serviceName]?.[name];
      const called = (client as unknown as Codecs)[serviceName]?.[name];
      const { path, requestStream, responseStream } = general;
      assert.deepEqual(
        [served?.path, served?.requestStream, served?.responseStream, called?.path],
        [path, requestStream, responseStream, path],
      );
      const declared = types[name]?.resolve();
      assert.ok(declared?.resolvedRequestType && declared.resolvedResponseType);
      for (const depth of [0, 1, 2]) {
        const request = sample(declared.resolvedRequestType, depth);
        const response = sample(declared.resolvedResponseType, depth);
        const asked = general.requestSerialize(request);
        const answered = general.responseSerialize(response);
        assert.deepEqual(called?.requestSerialize?.(request), asked, name);
        assert.deepEqual(served?.requestDeserialize?.(asked), general.requestDeserialize(asked), name);
        assert.deepEqual(served?.responseSerialize?.(response), answered, name);
        assert.deepEqual(
          called?.responseDeserialize?.(answered),
          general.responseDeserialize(answered),
          name,
        );
      }
    }
  });
}
