import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { digestOf } from '../../common/digest.ts';
import { parseImageName } from '../../common/image-name.ts';
import type { ReadBlob } from './api.ts';
import { FakeRegistry, fails, manifestType, never, refuse, repositoryAt } from './test/fake-registry.ts';
import { Uploads } from './test/uploads.ts';

const bytes = Buffer.alloc(20 * 1024 * 1024 + 3, 'bytes');
const digest = digestOf(bytes);
const blob = { digest, size: bytes.length };

const read: ReadBlob = async function* (offset) {
  for (let at = offset; at < bytes.length; at += 1_000_000) yield bytes.subarray(at, at + 1_000_000);
};

function methods(registry: FakeRegistry): string {
  return registry.lines.map((line) => line.split(' ')[0]).join(' ');
}

test('a blob is sent as a whole, in one session', async () => {
  await using registry = await FakeRegistry.start();
  new Uploads(registry);
  const repository = repositoryAt(registry, 'x');
  assert.equal(await repository.hasBlob(digest, never), false);
  await repository.upload(blob, read, never);
  assert.ok(registry.blobs.get(digest)?.equals(bytes));
  assert.equal(await repository.hasBlob(digest, never), true);
  assert.equal(methods(registry), 'HEAD POST PUT HEAD');
  assert.ok(registry.lines[2]?.endsWith(`?_state=1&digest=${encodeURIComponent(digest)}`));
});

test('what was not taken as a whole is sent in parts, each to the newest address', async () => {
  await using registry = await FakeRegistry.start();
  const uploads = new Uploads(registry);
  let refusals = 1;
  uploads.instead = (request, response) => {
    if (request.method !== 'PUT' || refusals-- <= 0) return false;
    return refuse(response, 413, 'TOO_LARGE', { connection: 'close' });
  };
  await repositoryAt(registry, 'x').upload(blob, read, never);
  assert.ok(registry.blobs.get(digest)?.equals(bytes));
  assert.equal(methods(registry), 'POST PUT POST PATCH PATCH PATCH PUT');
});

test('after any error the upload begins anew, in a session of its own', async () => {
  await using registry = await FakeRegistry.start();
  const uploads = new Uploads(registry);
  const failures: ((request: IncomingMessage, response: ServerResponse) => boolean)[] = [
    (request, response) => request.method === 'PUT' && refuse(response, 404, 'BLOB_UPLOAD_UNKNOWN'),
    (request) => request.method === 'PATCH' && !!request.socket.destroy(),
  ];
  uploads.instead = (request, response) => {
    if (failures[0]?.(request, response) !== true) return false;
    failures.shift();
    return true;
  };
  await repositoryAt(registry, 'x').upload(blob, read, never);
  assert.ok(registry.blobs.get(digest)?.equals(bytes));
  assert.equal(methods(registry), 'POST PUT POST PATCH POST PATCH PATCH PATCH PUT');
  uploads.instead = (request, response) =>
    request.method !== 'POST' && refuse(response, 400, 'DIGEST_INVALID');
  await assert.rejects(
    repositoryAt(registry, 'x').upload(blob, read, never),
    fails('REGISTRY_REFUSED', /^Cannot store sha256:[0-9a-f]{64} in '127.*answers 400 \(digest invalid\)/),
  );
  uploads.instead = (_request, response) => refuse(response, 403, 'DENIED');
  registry.seen.length = 0;
  await assert.rejects(
    repositoryAt(registry, 'x').upload(blob, read, never),
    fails('REGISTRY_DENIED', /denied/),
  );
  assert.equal(methods(registry), 'POST');
});

test('a blob with another size than it should have is not stored', async () => {
  await using registry = await FakeRegistry.start();
  new Uploads(registry);
  for (const size of [bytes.length - 1, bytes.length + 1]) {
    await assert.rejects(
      repositoryAt(registry, 'x').upload({ digest, size }, read, never),
      /has not the \d+ bytes/,
    );
  }
  assert.equal(registry.blobs.size, 0);
});

test('an empty blob is stored', async () => {
  await using registry = await FakeRegistry.start();
  new Uploads(registry);
  const empty = digestOf(Buffer.alloc(0));
  const nothing: ReadBlob = async function* () {};
  await repositoryAt(registry, 'x').upload({ digest: empty, size: 0 }, nothing, never);
  assert.equal(registry.blobs.get(empty)?.length, 0);
});

test('an upload that does not get on is given up, and one that is cancelled ends', async () => {
  await using registry = await FakeRegistry.start();
  const uploads = new Uploads(registry);
  // Neither read nor answered.
  uploads.instead = (request) => request.method !== 'POST' && request.pause() !== undefined;
  const impatient = repositoryAt(registry, 'x', {}, { timing: { stallMs: 100, answerMs: 100 } });
  await assert.rejects(
    impatient.upload(blob, read, never),
    fails('REGISTRY_UNREACHABLE', /no answer for 0\.1 s/),
  );
  const gone = new AbortController();
  uploads.instead = (request) => {
    if (request.method === 'POST') return false;
    gone.abort();
    return true;
  };
  await assert.rejects(
    repositoryAt(registry, 'x').upload(blob, read, gone.signal),
    fails('CANCELLED', /cancelled/),
  );
});

test('a blob of another repository is mounted if it is there; nothing malformed is sent', async () => {
  await using registry = await FakeRegistry.start();
  new Uploads(registry);
  registry.blobs.set(digest, bytes);
  const repository = repositoryAt(registry, 'x');
  const from = parseImageName(`${registry.host}/a/b`, 'from');
  assert.equal(await repository.mount(digest, from, never), true);
  assert.deepEqual(registry.lines, [
    `POST /v2/x/blobs/uploads/?mount=${encodeURIComponent(digest)}&from=a%2Fb`,
  ]);
  assert.equal(await repository.mount(`sha256:${'a'.repeat(64)}`, from, never), false);
  assert.equal(await repository.mount('sha256:short', from, never), false);
  assert.equal(
    await repository.mount(digest, parseImageName('elsewhere.example.com/a', 'from'), never),
    false,
  );
  assert.equal(registry.lines.length, 2);
});

test('an upload that is directed to another server shows it no credentials', async () => {
  await using storage = await FakeRegistry.start();
  await using registry = await FakeRegistry.start();
  const credentials = { username: '', password: '', identityToken: '', registryToken: 'secret' };
  registry.instead = (request, response) =>
    request.method === 'POST' &&
    !!response.writeHead(202, { location: `http://${storage.host}/bucket` }).end();
  storage.instead = (request, response) => {
    request.resume().on('end', () => response.writeHead(201).end());
    return true;
  };
  await repositoryAt(registry, 'x', { credentials }).upload(blob, read, never);
  assert.equal(registry.seen[0]?.headers.authorization, 'Bearer secret');
  assert.equal(storage.lines[0], `PUT /bucket?digest=${encodeURIComponent(digest)}`);
  assert.equal(storage.seen[0]?.headers.authorization, undefined);
});

test('a document is stored as it is, under a tag or by its digest', async () => {
  await using registry = await FakeRegistry.start();
  new Uploads(registry);
  const document = {
    bytes: Buffer.from('{ }\n'),
    digest: digestOf(Buffer.from('{ }\n')),
    mediaType: manifestType,
  };
  await repositoryAt(registry, 'x').putDocument(document, 'tag', never);
  await repositoryAt(registry, 'x').putDocument(document, null, never);
  for (const reference of ['tag', document.digest]) {
    assert.deepEqual(registry.manifests.get(reference), { mediaType: manifestType, bytes: document.bytes });
  }
  registry.instead = (_request, response) =>
    !!response.writeHead(201, { 'docker-content-digest': 'sha256:other' }).end();
  await assert.rejects(
    repositoryAt(registry, 'x').putDocument(document, 'tag', never),
    fails('REGISTRY_REFUSED', /has changed it from sha256:\S+ to sha256:other/),
  );
  registry.instead = (_request, response) => refuse(response, 400, 'MANIFEST_BLOB_UNKNOWN');
  await assert.rejects(
    repositoryAt(registry, 'x').putDocument(document, 'tag', never),
    fails('REGISTRY_REFUSED', /^Cannot store '127\.0\.0\.1:\d+\/x:tag': .*\(manifest blob unknown\)/),
  );
});
