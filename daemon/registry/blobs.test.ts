import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Repository } from './api.ts';
import {
  FakeRegistry,
  fails,
  never,
  rangeStart,
  refuse,
  repositoryAt,
  type Stored,
  sendRange,
} from './test/fake-registry.ts';

const bytes = randomBytes(300_000);

/** A file for a download, with what it has got. */
class Target implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'liker-download-'));
  readonly path = join(this.#folder, 'blob');
  readonly fd = openSync(this.path, constants.O_RDWR | constants.O_CREAT);
  readonly ends: number[] = [];

  async from(repository: Repository, blob: Stored, offset = 0, signal = never): Promise<Buffer> {
    const onBytes = (end: number): void => {
      this.ends.push(end);
    };
    await repository.download(blob, { fd: this.fd, offset, onBytes }, signal);
    return readFileSync(this.path);
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
    rmSync(this.#folder, { recursive: true });
  }
}

type Answer = (request: IncomingMessage, response: ServerResponse) => boolean;

/** Changes the answers to GETs of the blob. */
function answerBlob(registry: FakeRegistry, answer: Answer): void {
  registry.instead = (request, response, url) =>
    url.pathname.includes('/blobs/') && answer(request, response);
}

/** Where the GETs of blobs began. */
function starts(registry: FakeRegistry): string[] {
  return registry.seen
    .filter(({ line }) => line.includes('/blobs/'))
    .map(({ headers }) => headers.range ?? 'whole');
}

test('a blob is written to its place, and how far it is, is told', async () => {
  await using registry = await FakeRegistry.start();
  using target = new Target();
  assert.deepEqual(await target.from(repositoryAt(registry, 'x'), registry.addBlob(bytes)), bytes);
  assert.equal(target.ends.at(-1), bytes.length);
  assert.deepEqual(
    target.ends,
    target.ends.toSorted((a, b) => a - b),
  );
  assert.deepEqual(starts(registry), ['whole']);
});

test('a download goes on where an earlier one has ended', async () => {
  await using registry = await FakeRegistry.start();
  using target = new Target();
  writeSync(target.fd, bytes.subarray(0, 100_000));
  assert.deepEqual(await target.from(repositoryAt(registry, 'x'), registry.addBlob(bytes), 100_000), bytes);
  assert.deepEqual(starts(registry), ['bytes=100000-']);
});

test('nothing is asked when all is there, and nothing when there is nothing', async () => {
  await using registry = await FakeRegistry.start();
  using target = new Target();
  writeSync(target.fd, bytes);
  const repository = repositoryAt(registry, 'x');
  assert.deepEqual(await target.from(repository, registry.addBlob(bytes), bytes.length), bytes);
  await target.from(repository, registry.addBlob(''), 0);
  assert.equal((await repository.blob(registry.addBlob(''), never)).length, 0);
  assert.deepEqual(registry.lines, []);
});

test('a server that knows no ranges is read from its beginning', async () => {
  await using registry = await FakeRegistry.start();
  answerBlob(registry, (_request, response) => {
    response.writeHead(200).end(bytes);
    return true;
  });
  using target = new Target();
  writeSync(target.fd, bytes.subarray(0, 100_001));
  assert.deepEqual(await target.from(repositoryAt(registry, 'x'), registry.addBlob(bytes), 100_001), bytes);
});

test('broken connections are continued, ten times without getting on', async () => {
  await using registry = await FakeRegistry.start();
  const blob = registry.addBlob(bytes);
  const breaksAfter =
    (length: number): Answer =>
    (request, response) => {
      sendRange(request, response, bytes, length);
      response.write('', () => setImmediate(() => request.socket.destroy()));
      return true;
    };
  const broken = breaksAfter(20_000);
  answerBlob(registry, (request, response) => starts(registry).length <= 10 && broken(request, response));
  using target = new Target();
  assert.deepEqual(await target.from(repositoryAt(registry, 'x'), blob), bytes);
  assert.equal(starts(registry).length, 11);
  assert.equal(starts(registry)[0], 'whole');
  // Each begins where the one before has ended.
  const offsets = starts(registry)
    .slice(1)
    .map((range) => Number(/\d+/.exec(range)?.[0]));
  assert.deepEqual(
    offsets,
    offsets.toSorted((a, b) => a - b),
  );

  registry.seen.length = 0;
  answerBlob(registry, breaksAfter(0));
  await assert.rejects(
    target.from(repositoryAt(registry, 'x'), blob),
    fails('REGISTRY_UNREACHABLE', /^Cannot get sha256:[0-9a-f]{64} of '127/),
  );
  assert.equal(starts(registry).length, 11);
});

test('a connection that brings a megabyte is no failure', async () => {
  await using registry = await FakeRegistry.start();
  const large = randomBytes(20 * 1024 * 1024 + 5);
  answerBlob(registry, (request, response) => {
    const start = rangeStart(request);
    const end = Math.min(large.length, start + 1024 * 1024 + 1);
    const headers = { 'content-range': `bytes ${start}-${large.length - 1}/${large.length}` };
    response.writeHead(start > 0 ? 206 : 200, start > 0 ? headers : {});
    // Ends as if it were complete, which its length contradicts.
    response.end(large.subarray(start, end));
    return true;
  });
  using target = new Target();
  assert.ok(large.equals(await target.from(repositoryAt(registry, 'x'), registry.addBlob(large))));
  assert.equal(starts(registry).length, 20);
});

test('a connection that stalls is replaced', async () => {
  await using registry = await FakeRegistry.start();
  const blob = registry.addBlob(bytes);
  answerBlob(
    registry,
    (request, response) => starts(registry).length === 1 && sendRange(request, response, bytes, 1000),
  );
  using target = new Target();
  assert.deepEqual(
    await target.from(repositoryAt(registry, 'x', {}, { timing: { stallMs: 100 } }), blob),
    bytes,
  );
  assert.deepEqual(starts(registry), ['whole', 'bytes=1000-']);
});

test('wrong sizes and ranges are refused', async () => {
  await using registry = await FakeRegistry.start();
  const blob = registry.addBlob(bytes);
  const repository = repositoryAt(registry, 'x');
  const table: [string, RegExp, Answer][] = [
    [
      'shorter',
      /has 5 bytes of it in place of 300000/,
      (_, response) => !!response.writeHead(200, { 'content-length': 5 }).end('short'),
    ],
    [
      'endless',
      /sent more than the 300000 bytes of it/,
      (_, response) =>
        !!response.writeHead(200, { 'transfer-encoding': 'chunked' }).end(Buffer.alloc(300_001)),
    ],
    [
      'another total',
      /has 7 bytes of it in place of 300000/,
      (_, response) => !!response.writeHead(206, { 'content-range': 'bytes 1000-6/7' }).end(),
    ],
    [
      'behind',
      /sent the range 'bytes 2000-299999\/300000'/,
      (_, response) => !!response.writeHead(206, { 'content-range': 'bytes 2000-299999/300000' }).end(),
    ],
    ['no range', /sent the range ''/, (_, response) => !!response.writeHead(206).end()],
  ];
  for (const [name, why, answer] of table) {
    using target = new Target();
    answerBlob(registry, answer);
    await assert.rejects(target.from(repository, blob, 1000), fails('BAD_IMAGE', why), name);
  }
});

test('the answer to a range that does not exist is not waited for', async () => {
  await using registry = await FakeRegistry.start();
  // As Debian's docker-registry: it announces the blob, and sends nothing.
  answerBlob(registry, (_request, response) => {
    response.writeHead(416, { 'content-length': 300_000 }).flushHeaders();
    return true;
  });
  using target = new Target();
  const repository = repositoryAt(registry, 'x', {}, { timing: { stallMs: 60_000 } });
  await assert.rejects(
    target.from(repository, registry.addBlob(bytes), 5),
    fails('REGISTRY_REFUSED', /answers 416/),
  );
  assert.equal(starts(registry).length, 1);
});

test('a small blob is read into memory, with its digest checked', async () => {
  await using registry = await FakeRegistry.start();
  const repository = repositoryAt(registry, 'x');
  const blob = registry.addBlob('{"os":"linux"}');
  assert.equal(String(await repository.blob(blob, never)), '{"os":"linux"}');
  registry.blobs.set(blob.digest, Buffer.from('{"os":"linus"}'));
  await assert.rejects(
    repository.blob(blob, never),
    fails('BAD_IMAGE', /sent bytes with the digest sha256:/),
  );
  await assert.rejects(
    repository.blob({ ...blob, size: 2 ** 30 }, never),
    fails('BAD_IMAGE', /may have 16777216/),
  );
  const missing = { ...blob, digest: `sha256:${'a'.repeat(64)}` };
  await assert.rejects(repository.blob(missing, never), fails('IMAGE_NOT_FOUND', /blob unknown/));
});

test('a redirect is followed, without the credentials if it leads elsewhere', async () => {
  await using storage = await FakeRegistry.start();
  await using registry = await FakeRegistry.start();
  const blob = registry.addBlob(bytes);
  storage.blobs.set(blob.digest, bytes);
  const there = `http://${storage.host}/v2/s/blobs/${blob.digest}?signature=s`;
  registry.instead = (request, response, url) => {
    if (request.headers.authorization === undefined) {
      return refuse(response, 401, 'UNAUTHORIZED', { 'www-authenticate': 'Basic realm="r"' });
    }
    if (!url.pathname.includes('/blobs/')) return false;
    const location = url.searchParams.has('here') ? there : '?here=1';
    response.writeHead(307, { location }).end('see there');
    return true;
  };
  const credentials = { username: 'u', password: 'p', identityToken: '', registryToken: '' };
  using target = new Target();
  assert.deepEqual(await target.from(repositoryAt(registry, 'x', { credentials }), blob), bytes);
  assert.ok(registry.seen.slice(1).every(({ headers }) => headers.authorization !== undefined));
  assert.equal(registry.lines.length, 3);
  assert.deepEqual(storage.lines, [`GET /v2/s/blobs/${blob.digest}?signature=s`]);
  assert.equal(storage.seen[0]?.headers.authorization, undefined);
});

test('a challenge of the server to which a redirect leads is not answered', async () => {
  await using storage = await FakeRegistry.start();
  await using registry = await FakeRegistry.start();
  const blob = registry.addBlob(bytes);
  const challenge = { 'www-authenticate': `Bearer realm="http://${storage.host}/steal"` };
  storage.instead = (_request, response) => refuse(response, 401, 'UNAUTHORIZED', challenge);
  answerBlob(
    registry,
    (_request, response) => !!response.writeHead(302, { location: `http://${storage.host}/b` }).end(),
  );
  const credentials = { username: 'u', password: 'p', identityToken: '', registryToken: '' };
  const repository = repositoryAt(registry, 'x', { credentials });
  await assert.rejects(repository.blob(blob, never), fails('REGISTRY_DENIED', new RegExp(storage.host)));
  assert.deepEqual(storage.lines, ['GET /b']);
});

test('redirects without end, or to nowhere, are refused', async () => {
  await using registry = await FakeRegistry.start();
  const blob = registry.addBlob(bytes);
  const repository = repositoryAt(registry, 'x');
  answerBlob(registry, (_request, response) => !!response.writeHead(302, { location: '?' }).end());
  await assert.rejects(
    repository.blob(blob, never),
    fails('REGISTRY_UNREACHABLE', /redirects more than 10 times/),
  );
  answerBlob(
    registry,
    (_request, response) => !!response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  );
  await assert.rejects(
    repository.blob(blob, never),
    fails('REGISTRY_UNREACHABLE', /redirects to 'file:\/\/\/etc\/passwd'/),
  );
});

test('a download that is cancelled ends, and keeps what it has', async () => {
  await using registry = await FakeRegistry.start();
  answerBlob(registry, (request, response) => sendRange(request, response, bytes, 5000));
  using target = new Target();
  const gone = new AbortController();
  const repository = repositoryAt(registry, 'x', {}, { timing: { stallMs: 60_000 } });
  const download = repository.download(
    registry.addBlob(bytes),
    { fd: target.fd, offset: 0, onBytes: (end) => end === 5000 && gone.abort() },
    gone.signal,
  );
  await assert.rejects(download, fails('CANCELLED', /cancelled/));
  assert.deepEqual(readFileSync(target.path), bytes.subarray(0, 5000));
});

test('a disk that does not take the bytes is an error of the disk', async () => {
  await using registry = await FakeRegistry.start();
  const full = openSync('/dev/full', 'w');
  try {
    const download = { fd: full, offset: 0, onBytes: () => {} };
    await assert.rejects(repositoryAt(registry, 'x').download(registry.addBlob(bytes), download, never), {
      code: 'ENOSPC',
    });
    assert.equal(starts(registry).length, 1);
  } finally {
    closeSync(full);
  }
});
