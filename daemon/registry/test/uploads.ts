import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { digestOf } from '../../../common/digest.ts';
import { type FakeRegistry, refuse } from './fake-registry.ts';

/** Sessions of uploads, whose state changes with each request, as that of Debian's docker-registry does. */
export class Uploads {
  readonly #registry: FakeRegistry;
  readonly #sessions = new Map<string, Buffer>();
  #count = 0;
  /** Answers in the place of a request of a session. */
  instead: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;

  constructor(registry: FakeRegistry) {
    this.#registry = registry;
    registry.instead = (request, response, url) => {
      if (url.pathname.includes('/manifests/') && request.method === 'PUT') {
        void this.#manifest(request, response, url);
        return true;
      }
      if (!url.pathname.includes('/uploads/')) return false;
      if (this.instead(request, response)) return true;
      void this.#upload(request, response, url);
      return true;
    };
  }

  async #upload(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const body = await buffer(request).catch(() => null);
    if (body === null) return;
    const state = url.searchParams.get('_state');
    if (request.method === 'POST') {
      const mounted = url.searchParams.get('mount') ?? '';
      if (this.#registry.blobs.has(mounted)) response.writeHead(201).end();
      else this.#next(response, Buffer.alloc(0));
      return;
    }
    const before = this.#sessions.get(state ?? '');
    if (before === undefined) {
      refuse(response, 404, 'BLOB_UPLOAD_INVALID');
      return;
    }
    this.#sessions.delete(state ?? '');
    const whole = Buffer.concat([before, body]);
    if (request.method === 'PATCH') {
      assert.equal(request.headers['content-range'], `${before.length}-${whole.length - 1}`);
      this.#next(response, whole);
      return;
    }
    if (digestOf(whole) !== url.searchParams.get('digest')) refuse(response, 400, 'DIGEST_INVALID');
    else {
      this.#registry.blobs.set(digestOf(whole), whole);
      response.writeHead(201).end();
    }
  }

  #next(response: ServerResponse, data: Buffer): void {
    this.#count += 1;
    this.#sessions.set(String(this.#count), data);
    response.writeHead(202, { location: `/v2/x/blobs/uploads/u?_state=${this.#count}` }).end();
  }

  async #manifest(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const document = await buffer(request);
    const reference = url.pathname.split('/').at(-1) ?? '';
    this.#registry.manifests.set(reference, {
      mediaType: request.headers['content-type'] ?? '',
      bytes: document,
    });
    response.writeHead(201, { 'docker-content-digest': digestOf(document) }).end();
  }
}
