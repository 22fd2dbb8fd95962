import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { LikerError } from '../../../common/errors.ts';
import type { Services } from '../../engine/api.ts';
import type { Log } from '../../host/log.ts';
import { Connections } from '../grpc/connections.ts';
import { OpenCalls } from '../grpc/open-calls.ts';
import type { Door } from './door.ts';
import { json, send } from './http/answer.ts';
import { answerAndEnd, commonHeaders } from './http/answer-and-end.ts';
import type { Call } from './http/call.ts';
import { Connection } from './http/connection.ts';
import { HttpError, toHttpError } from './http/errors.ts';
import { parseUrl, pathOf, Router } from './http/router.ts';
import type { Takeover } from './http/takeover.ts';
import { routes, takeovers } from './routes.ts';
import { Execs } from './sessions/execs.ts';
import { WaitingAttaches } from './sessions/waiting.ts';

export interface DockerApiOptions {
  readonly engine: Services;
  readonly log: Log;
  readonly version: string;
  readonly socket: string;
  readonly listener: { serve(take: (socket: Socket) => void): void; close(): void };
}

export interface DockerApi {
  /** Stops accepting connections and ends all calls: from here on no call reaches the engine. */
  endCalls(): void;
  /** Resolves once the connections are closed. */
  close(): Promise<void>;
}

/** Serves Docker's API to the connections of a listener. */
export function serveDocker(options: DockerApiOptions): DockerApi {
  const { engine, log, listener, version, socket } = options;
  const door: Door = {
    ...{ engine, log, version, socket },
    attaches: new WaitingAttaches(engine),
    execs: new Execs(),
  };
  const calls = new OpenCalls();
  const connections = new Connections();
  const served = new Router(routes);
  const taking = new Router(takeovers);
  const server = createServer((request, response) => {
    (request.socket as unknown as Connection).exchanges(request, response);
    void answer(request, response);
  });
  configure(server);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    const forget = calls.add((reason) => {
      gone.abort(reason);
      response.destroy();
    });
    response.on('close', () => {
      forget();
      if (!response.writableFinished) gone.abort(new LikerError('CANCELLED', 'The client is gone'));
    });
    for (const [name, value] of Object.entries(commonHeaders)) response.setHeader(name, value);
    const { method = '', url = '' } = request;
    const startedAt = performance.now();
    let failure: HttpError | null = null;
    try {
      await send(response, await handle(request, gone.signal));
    } catch (thrown) {
      failure = toHttpError(thrown, `${method} ${pathOf(url)}`, log);
      // What the client has of a body that ends without its last chunk it knows to be cut.
      if (response.headersSent) response.destroy();
      else await send(response, json({ message: failure.message }, failure.status)).catch(() => {});
    }
    logCall(method, url, { startedAt, failure });
  }

  async function handle(request: IncomingMessage, signal: AbortSignal) {
    const { path, query, version: minor } = parseUrl(request.url ?? '');
    const match = served.find(request.method ?? '', path);
    if (match === null) throw new HttpError(404, 'page not found');
    const call: Call = {
      ...{ params: match.params, query, version: minor, signal },
      headers: request.headers,
      bytes: request,
    };
    return match.handle(door, call);
  }

  async function take(request: Takeover): Promise<void> {
    const { method, url, socket: connection } = request;
    const gone = new AbortController();
    const forget = calls.add((reason) => {
      gone.abort(reason);
      connection.destroy();
    });
    connection.once('close', () => {
      forget();
      gone.abort(new LikerError('CANCELLED', 'The client is gone'));
    });
    const startedAt = performance.now();
    const writtenBefore = connection.bytesWritten;
    let failure: HttpError | null = null;
    try {
      const { path, query, version: minor } = parseUrl(url);
      const match = taking.find(method, path);
      if (match === null) throw new HttpError(404, 'page not found');
      await match.handle(door, {
        ...request,
        query,
        params: match.params,
        version: minor,
        signal: gone.signal,
      });
    } catch (thrown) {
      failure = toHttpError(thrown, `${method} ${pathOf(url)}`, log);
      if (connection.bytesWritten > writtenBefore) connection.destroy();
      else answerAndEnd(connection, failure.status, failure.message);
    }
    logCall(method, url, { startedAt, failure });
  }

  function logCall(
    method: string,
    url: string,
    { startedAt, failure }: { readonly startedAt: number; readonly failure: HttpError | null },
  ): void {
    const fields = {
      ...{ method, path: pathOf(url), status: failure?.status ?? 'OK' },
      ...(failure && { error: failure.message }),
      ms: Math.round((performance.now() - startedAt) * 10) / 10,
    };
    if (method === 'GET' || method === 'HEAD') log.debug('docker call', fields);
    else log.info('docker call', fields);
  }

  listener.serve((client) => {
    connections.add(client);
    client.on('error', (error) => log.debug('connection failed', { error: error.message }));
    const connection = new Connection(client, {
      takes: (method, url) => taking.find(method, pathOf(url)) !== null,
      taken: (request) => void take(request),
    });
    server.emit('connection', connection);
    client.resume();
  });

  return {
    endCalls() {
      listener.close();
      calls.shutDown();
    },
    close: () =>
      connections.drain(() => {
        server.close();
        server.closeAllConnections();
      }),
  };
}

/** Uploads take as long as they take, and idle clients keep their connections. */
function configure(server: Server): void {
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  server.keepAliveTimeout = 0;
  server.timeout = 0;
}
