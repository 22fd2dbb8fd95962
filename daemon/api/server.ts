import type { Socket } from 'node:net';
import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { maxMessageBytes } from '../../proto/limits.ts';
import type { Services } from '../engine/api.ts';
import type { Log } from '../host/log.ts';
import type { LoopDelay } from '../loop/loop-delay.ts';
import { socketFd } from '../loop/socket-fd.ts';
import { Connections } from './grpc/connections.ts';
import type { ApiContext, Subject } from './grpc/context.ts';
import { OpenCalls } from './grpc/open-calls.ts';
import type { Listener } from './grpc/socket.ts';
import { addStandardServices } from './grpc/standard-services.ts';
import { containerService } from './liker/container-service.ts';
import { definitions, serviceNames } from './liker/definitions.ts';
import { eventService } from './liker/event-service.ts';
import { fileService } from './liker/file-service.ts';
import { imageService } from './liker/image-service.ts';
import { leaseService } from './liker/lease-service.ts';
import { logService } from './liker/log-service.ts';
import { networkService } from './liker/network-service.ts';
import { registryService } from './liker/registry-service.ts';
import { secretService } from './liker/secret-service.ts';
import { sessionService } from './liker/session-service.ts';
import { statsService } from './liker/stats-service.ts';
import { systemService, type Versions } from './liker/system-service.ts';
import { volumeService } from './liker/volume-service.ts';
import { byWire, TtrpcServer } from './ttrpc/server.ts';
import { blameClients } from './wire/client-faults.ts';
import { liftDistantDeadlines } from './wire/deadline.ts';
import { marksUndecodable } from './wire/decoding.ts';
import { takesEncoded } from './wire/encoded.ts';
import { widenInputWindows } from './wire/input-window.ts';
import { withFastFiles, withFastImages, withFastOutput } from './wire/output-encoder.ts';
import { type Peer, tagSocket } from './wire/peer.ts';

export interface ApiOptions {
  readonly engine: Services;
  readonly log: Log;
  readonly versions: Versions;
  readonly loop: Pick<LoopDelay, 'now'>;
  readonly listener: Listener;
  readonly peerCredentials: (fd: number) => Peer;
  /** How long a session's stream may stay without its first frame; tests shorten it. */
  readonly firstFrameMs?: number;
}

export type Api = ReturnType<typeof serveApi>;

/** Serves the API on the listener's connections. */
export function serveApi(options: ApiOptions) {
  const { engine, log, listener } = options;
  const calls = new OpenCalls();
  const context: ApiContext = { log, calls, subjectOf };
  const server = new Server({
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    'grpc.enable_channelz': 0,
  });
  const {
    ContainerService,
    LeaseService,
    LogService,
    EventService,
    FileService,
    ImageService,
    SecretService,
    SessionService,
    StatsService,
    SystemService,
    VolumeService,
    NetworkService,
    RegistryService,
  } = definitions;
  const ttrpc = new TtrpcServer(log);
  const serve = (service: ServiceDefinition, handlers: UntypedServiceImplementation): void => {
    const definition = marksUndecodable(service);
    server.addService(definition, handlers);
    ttrpc.addService(definition, handlers);
  };
  serve(takesEncoded(ContainerService), containerService(context, engine.containers));
  serve(withFastOutput(SessionService), sessionService(context, engine.sessions, options));
  serve(LogService, logService(context, engine.logs));
  serve(EventService, eventService(context, engine.events));
  serve(takesEncoded(StatsService), statsService(context, engine.stats));
  serve(withFastFiles(FileService), fileService(context, engine.files));
  serve(withFastImages(ImageService), imageService(context, engine.images));
  serve(SystemService, systemService(context, engine.system, options));
  serve(SecretService, secretService(context, engine.secrets));
  serve(VolumeService, volumeService(context, engine.volumes));
  serve(NetworkService, networkService(context, engine.networks));
  serve(LeaseService, leaseService(context, engine.leases));
  serve(RegistryService, registryService(context, engine.registries));
  const stopServing = addStandardServices(server, serviceNames, log);
  for (const service of ['SessionService', 'ImageService', 'FileService'])
    widenInputWindows(`liker.v1.${service}`);
  liftDistantDeadlines();
  blameClients();

  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const connections = new Connections();
  listener.serve((socket) => {
    connections.add(socket);
    accept(socket, options, {
      grpc: (connection) => injector.injectConnection(connection),
      ttrpc: (connection) => ttrpc.serve(connection),
    });
  });

  return {
    /** How many calls there were so far. */
    callsBegun: () => calls.begun,
    /** Stops accepting connections and ends all calls: from here on no call reaches the engine. */
    endCalls() {
      listener.close();
      stopServing();
      calls.shutDown();
    },
    /** Resolves once the connections are closed. */
    close: () =>
      connections.drain(() => {
        server.tryShutdown(() => {});
        ttrpc.close();
      }),
  };
}

/** The container that a request names, has made or is to make; null for none. */
function subjectOf(request: unknown, response?: unknown): Subject | null {
  const { container, spec } = request as { container?: unknown; spec?: { name?: unknown } | null };
  const made = spec && (response as { container?: { id?: unknown } } | null | undefined)?.container?.id;
  const name = container ?? made ?? spec?.name;
  return typeof name === 'string' && name !== '' ? { kind: 'container', name } : null;
}

/** Hands a new connection to the server of its wire. Whatever its peer does to it ends here at the latest, as a line of the log. */
function accept(
  socket: Socket,
  { log, peerCredentials }: Pick<ApiOptions, 'log' | 'peerCredentials'>,
  servers: Parameters<typeof byWire>[1],
): void {
  socket.on('error', (error) => log.debug('connection failed', { error: error.message }));
  try {
    tagSocket(socket, peerCredentials(socketFd(socket)));
    byWire(socket, servers);
  } catch (error) {
    log.warn('connection refused', { error });
    socket.destroy();
  }
}
