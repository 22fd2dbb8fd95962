import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, type ServiceError } from '@grpc/grpc-js';
import { decodeStatus, type RpcStatus, statusDetailsKey } from '../../common/rpc-status.ts';
import { maxMessageBytes } from '../../proto/limits.ts';
import { v1 } from '../../test/harness/services.ts';
import { claimSocket } from '../api/grpc/socket.ts';
import { type Api, serveApi } from '../api/server.ts';
import type { Peer } from '../api/wire/peer.ts';
import type { Log, LogFields } from '../host/log.ts';
import { type FakedServices, fakeEngine } from './fake-engine.ts';

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** A log that appends to `lines`. */
export function memoryLog(lines: LogLine[]): Log {
  const write =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      lines.push({ level, message, fields });
  return {
    error: write('error'),
    warn: write('warn'),
    info: write('info'),
    debug: write('debug'),
  };
}

export const testPeer: Peer = { pid: 4321, uid: 1000, gid: 1000 };

/** The API with a fake engine on a socket of its own, and its clients. */
export class ApiFixture implements AsyncDisposable {
  readonly folder: string;
  readonly socket: string;
  readonly api: Api;
  readonly log: LogLine[] = [];
  readonly #clients: { close(): void }[] = [];

  private constructor(folder: string, socket: string, serve: (log: Log) => Api) {
    this.folder = folder;
    this.socket = socket;
    this.api = serve(memoryLog(this.log));
  }

  static async start(services: FakedServices, options: { firstFrameMs?: number } = {}): Promise<ApiFixture> {
    const folder = mkdtempSync(join(tmpdir(), 'liker-api-'));
    const socket = join(folder, 'run', 'liker.sock');
    const peerCredentials = (): Peer => testPeer;
    const listener = await claimSocket({ path: socket, peerCredentials, env: {}, group: 'liker' });
    return new ApiFixture(folder, socket, (log) =>
      serveApi({
        engine: fakeEngine(services),
        log,
        versions: { daemon: '1.2.3', shimProtocol: 1 },
        loop: { now: () => ({ maxMs: 5, p99Ms: 4, recentMaxMs: 3, recentP99Ms: 2, busyMaxMs: 1 }) },
        listener,
        peerCredentials,
        ...options,
      }),
    );
  }

  /** A client of one of the services, on a connection of its own. */
  client<Name extends keyof typeof v1>(
    name: Name,
  ): InstanceType<Extract<(typeof v1)[Name], new (...args: never) => unknown>> {
    const Service = v1[name] as unknown as new (...args: unknown[]) => { close(): void };
    const client = new Service(`unix:${this.socket}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': maxMessageBytes,
      'grpc.use_local_subchannel_pool': 1,
    });
    this.#clients.push(client);
    return client as never;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    this.api.endCalls();
    await this.api.close();
    rmSync(this.folder, { recursive: true });
  }
}

/** The details of a failed call. */
export function detailsOf(error: unknown): RpcStatus | undefined {
  const [bytes] = (error as ServiceError).metadata.get(statusDetailsKey);
  return bytes === undefined ? undefined : decodeStatus(bytes as Buffer);
}
