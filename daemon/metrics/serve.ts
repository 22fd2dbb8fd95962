import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Services } from '../engine/api.ts';
import type { Log } from '../host/log.ts';
import { containerFigures } from './container-figures.ts';
import { EngineFigures } from './engine-figures.ts';

/** A TCP address, or a Unix socket that is already listening. */
export type MetricsEndpoint =
  | { readonly host: string; readonly port: number }
  | { serve(take: (socket: Socket) => void): void; close(): void };

export interface MetricsOptions {
  readonly endpoint: MetricsEndpoint;
  readonly version: string;
  readonly log: Log;
}

/** The endpoint that Prometheus scrapes. It counts events from its opening on, and answers once it has the engine. */
export interface Metrics {
  serve(engine: Services): void;
  close(): void;
}

/** Rejects with an Error for the user if it cannot listen on the address. */
export async function openMetrics({ endpoint, version, log }: MetricsOptions): Promise<Metrics> {
  const figures = new EngineFigures(version);
  let engine: Services | null = null;
  const server = createServer((request, response) => {
    answer(request, response, engine, figures).catch((error: unknown) => {
      log.warn('metrics failed', { error });
      response.destroy();
    });
  });
  await listen(server, endpoint, log);
  return {
    serve(found) {
      engine = found;
    },
    close() {
      if ('serve' in endpoint) endpoint.close();
      server.close();
      server.closeAllConnections();
      figures.close();
    },
  };
}

async function listen(server: Server, endpoint: MetricsEndpoint, log: Log): Promise<void> {
  if ('serve' in endpoint) {
    endpoint.serve((socket) => {
      server.emit('connection', socket);
      socket.resume();
    });
    return;
  }
  const { host, port } = endpoint;
  await new Promise<void>((resolve, reject) => {
    server.once('error', ({ message }) => {
      reject(new Error(`Cannot serve metrics at ${host}:${port}: ${message}; give another --metrics-addr`));
    });
    server.listen({ host, port }, resolve);
  });
  // Port 0 stands for any free port.
  log.info('serving metrics', { address: `${host}:${(server.address() as AddressInfo).port}` });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  engine: Services | null,
  figures: EngineFigures,
): Promise<void> {
  const [path] = (request.url ?? '').split('?');
  if (path !== '/metrics' || (request.method !== 'GET' && request.method !== 'HEAD')) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('The figures are at /metrics\n');
    return;
  }
  if (engine === null) {
    response.writeHead(503, { 'content-type': 'text/plain' }).end('likerd is starting\n');
    return;
  }
  response.writeHead(200, { 'content-type': figures.contentType });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  response.write(await figures.text(engine));
  for await (const family of containerFigures(engine.stats)) {
    if (response.destroyed) return;
    response.write(family);
  }
  response.end();
}
