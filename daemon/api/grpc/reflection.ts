import { readFileSync } from 'node:fs';
import type { handleBidiStreamingCall, Server, ServiceDefinition } from '@grpc/grpc-js';
import { statusCodes } from '../../../common/errors.ts';
import { ServerReflection } from '../../../proto/gen/reflection-codecs.ts';
import type { Log } from '../../host/log.ts';
import { checkDecoded, marksUndecodable } from '../wire/decoding.ts';
import { Descriptors } from './descriptors.ts';
import { toServiceError } from './errors.ts';

/** A google.protobuf.FileDescriptorSet of all proto files whose services are served, of google.rpc, and of their imports. */
const descriptorSet = new URL('../../../proto/gen/liker.binpb', import.meta.url);

/** https://github.com/grpc/grpc/blob/master/doc/server-reflection.md; both versions have the same messages. */
const versions = ['v1', 'v1alpha'];

interface Request {
  readonly host: string;
  /** Which of the fields is set. */
  readonly messageRequest?: string;
  readonly fileByFilename?: string;
  readonly fileContainingSymbol?: string;
  readonly allExtensionNumbersOfType?: string;
}

type Answer =
  | { readonly fileDescriptorResponse: { readonly fileDescriptorProto: readonly Uint8Array[] } }
  | { readonly allExtensionNumbersResponse: { readonly baseTypeName: string } }
  | { readonly listServicesResponse: { readonly service: readonly { readonly name: string }[] } }
  | { readonly errorResponse: { readonly errorCode: number; readonly errorMessage: string } };

/** Adds grpc.reflection, by which clients without the proto files learn about `services` and their messages. */
export function addReflection(server: Server, services: readonly string[], log: Log): void {
  const names = versions.map((version) => `grpc.reflection.${version}.ServerReflection`);
  const listed = [...services, ...names].sort();
  // Read and indexed on the first request, since few clients ask.
  let descriptors: Descriptors | undefined;
  const handler: handleBidiStreamingCall<Request, object> = (call) => {
    call.on('data', (request: Request) => {
      try {
        checkDecoded('ServerReflectionInfo', request);
        descriptors ??= new Descriptors(readFileSync(descriptorSet));
        call.write({
          validHost: request.host,
          originalRequest: request,
          ...answer(request, descriptors, listed),
        });
      } catch (error) {
        call.emit('error', toServiceError(error, log));
      }
    });
    call.on('end', () => call.end());
  };
  const { ServerReflectionInfo: method } = ServerReflection as unknown as ServiceDefinition;
  for (const name of names) {
    const path = `/${name}/ServerReflectionInfo`;
    server.addService(marksUndecodable({ ServerReflectionInfo: { ...method, path } } as ServiceDefinition), {
      ServerReflectionInfo: handler,
    });
  }
}

function answer(request: Request, descriptors: Descriptors, services: readonly string[]): Answer {
  switch (request.messageRequest) {
    case 'listServices':
      return { listServicesResponse: { service: services.map((name) => ({ name })) } };
    case 'fileByFilename': {
      const { fileByFilename: name = '' } = request;
      return files(descriptors.file(name), `file '${name}'`);
    }
    case 'fileContainingSymbol': {
      const { fileContainingSymbol: symbol = '' } = request;
      return files(descriptors.fileOf(symbol), `symbol '${symbol}'`);
    }
    case 'allExtensionNumbersOfType': {
      const { allExtensionNumbersOfType: type = '' } = request;
      // No message of the API has extensions.
      return descriptors.isMessage(type)
        ? { allExtensionNumbersResponse: { baseTypeName: type } }
        : notFound(`type '${type}'`);
    }
    case 'fileContainingExtension':
      return notFound('such extension');
    default:
      return error(statusCodes.INVALID_ARGUMENT, 'Missing message_request');
  }
}

function files(found: readonly Uint8Array[] | null, what: string): Answer {
  return found === null ? notFound(what) : { fileDescriptorResponse: { fileDescriptorProto: found } };
}

function notFound(what: string): Answer {
  return error(statusCodes.NOT_FOUND, `There is no ${what}`);
}

function error(errorCode: number, errorMessage: string): Answer {
  return { errorResponse: { errorCode, errorMessage } };
}
