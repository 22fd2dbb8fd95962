import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { digestOf } from '../../../common/digest.ts';
import { hasReason, LikerError, type Reason } from '../../../common/errors.ts';
import { parseImageName } from '../../../common/image-name.ts';
import type { Access, Repository } from '../api.ts';
import { openRegistries } from '../registries.ts';
import type { Timing } from '../timing.ts';

export const manifestType = 'application/vnd.oci.image.manifest.v1+json';
export const indexType = 'application/vnd.oci.image.index.v1+json';

export interface Stored {
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
}

/** A request that came, in one line, with its headers. */
export interface Seen {
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
}

/** A registry in this process, on a port of 127.0.0.1. It keeps what it is given; a test changes single answers. */
export class FakeRegistry implements AsyncDisposable {
  readonly #server: Server;
  readonly seen: Seen[] = [];
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, { readonly mediaType: string; readonly bytes: Buffer }>();
  /** Answers in the place of the registry, and returns true if it does. */
  instead: (request: IncomingMessage, response: ServerResponse, url: URL) => boolean = () => false;

  private constructor(tls: { readonly cert: string; readonly key: string; readonly ca?: string } | null) {
    const listener = (request: IncomingMessage, response: ServerResponse): void =>
      this.#serve(request, response);
    this.#server =
      tls === null
        ? createServer(listener)
        : createTlsServer({ ...tls, requestCert: tls.ca !== undefined, rejectUnauthorized: false }, listener);
  }

  static async start(
    tls: { readonly cert: string; readonly key: string; readonly ca?: string } | null = null,
  ): Promise<FakeRegistry> {
    const registry = new FakeRegistry(tls);
    await new Promise<void>((resolve) => registry.#server.listen(0, '127.0.0.1', resolve));
    return registry;
  }

  /** As in names: 127.0.0.1:PORT. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The requests so far, without those that look for TLS. */
  get lines(): readonly string[] {
    return this.seen.map(({ line }) => line);
  }

  addBlob(content: string | Buffer, mediaType = 'application/octet-stream'): Stored {
    const bytes = Buffer.from(content);
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return { digest, size: bytes.length, mediaType };
  }

  /** Stores a document by its digest, and by a tag. */
  addDocument(value: object, mediaType: string, tag?: string): Stored {
    const bytes = Buffer.from(JSON.stringify(value));
    const digest = digestOf(bytes);
    for (const reference of [digest, ...(tag === undefined ? [] : [tag])]) {
      this.manifests.set(reference, { mediaType, bytes });
    }
    return { digest, size: bytes.length, mediaType };
  }

  addImage(tag?: string): Stored {
    const config = this.addBlob('{}', 'application/vnd.oci.image.config.v1+json');
    return this.addDocument(
      { schemaVersion: 2, mediaType: manifestType, config, layers: [] },
      manifestType,
      tag,
    );
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', `http://${this.host}`);
    this.seen.push({ line: `${request.method} ${request.url}`, headers: request.headers });
    response.on('error', () => {});
    if (this.instead(request, response, url)) return;
    const [, kind = '', reference = ''] = /^\/v2\/.+\/(manifests|blobs)\/([^/]+)$/.exec(url.pathname) ?? [];
    const found = kind === 'manifests' ? this.manifests.get(reference) : null;
    const bytes = kind === 'blobs' ? this.blobs.get(reference) : found?.bytes;
    if (url.pathname === '/v2/') response.writeHead(200).end('{}');
    else if (bytes === undefined)
      refuse(response, 404, kind === 'blobs' ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN');
    else if (found) {
      const headers = { 'content-type': found.mediaType, 'docker-content-digest': digestOf(bytes) };
      response.writeHead(200, { ...headers, 'content-length': bytes.length });
      response.end(request.method === 'HEAD' ? undefined : bytes);
    } else sendRange(request, response, bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export function refuse(response: ServerResponse, status: number, code: string, headers = {}): true {
  const errors = [{ code, message: code.toLowerCase().replaceAll('_', ' ') }];
  response
    .writeHead(status, { 'content-type': 'application/json', ...headers })
    .end(JSON.stringify({ errors }));
  return true;
}

/** Where the range of a request begins. */
export function rangeStart(request: IncomingMessage): number {
  return Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
}

/** Behind its last byte. */
function rangeEnd(request: IncomingMessage, size: number): number {
  const last = /^bytes=\d+-(\d+)$/.exec(request.headers.range ?? '')?.[1];
  return last === undefined ? size : Math.min(Number(last) + 1, size);
}

/** Answers with a blob, or the range of it that is asked for; only `length` bytes of it come. */
export function sendRange(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Buffer,
  length = Number.POSITIVE_INFINITY,
): true {
  const start = rangeStart(request);
  if (start >= bytes.length && start > 0) return refuse(response, 416, 'RANGE_INVALID');
  const part = bytes.subarray(start, rangeEnd(request, bytes.length));
  const range = { 'content-range': `bytes ${start}-${start + part.length - 1}/${bytes.length}` };
  const isWhole = part.length === bytes.length;
  const headers = { 'accept-ranges': 'bytes', 'content-length': part.length };
  response.writeHead(isWhole ? 200 : 206, { ...headers, ...(!isWhole && range) });
  if (request.method === 'HEAD') response.end();
  else if (length >= part.length) response.end(part);
  else response.write(part.subarray(0, length));
  return true;
}

export const anonymous: Access = { credentials: null, insecure: false };
export const never: AbortSignal = new AbortController().signal;

/** Pauses of a millisecond, and a second for what hangs. */
export const quick: Timing = {
  stallMs: 1000,
  answerMs: 5000,
  probeMs: 5000,
  pauseMs: 1,
  longestPauseMs: 2,
  rateMs: 5000,
  longRestMs: 5000,
  longestLimitMs: 50,
};

/** A repository at a registry. `text` is the name without its host. */
export function repositoryAt(
  { host }: { readonly host: string },
  text: string,
  access: Partial<Access> = {},
  {
    timing = {},
    folder = '/does/not/exist',
  }: { readonly timing?: Partial<Timing>; readonly folder?: string } = {},
): Repository {
  const registries = openRegistries({ folder, env: {}, timing: { ...quick, ...timing } });
  return registries.open(parseImageName(`${host}/${text}`, 'name'), { ...anonymous, ...access });
}

export function password(username: string, secret: string): Access['credentials'] {
  return { username, password: secret, identityToken: '', registryToken: '' };
}

/** For assert.rejects. */
export function fails(reason: Reason, text: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(hasReason(error, reason) && error instanceof LikerError, String(error));
    assert.match(error.message, text);
    return true;
  };
}
