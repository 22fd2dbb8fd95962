import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Repository } from './api.ts';
import { FakeRegistry, never, rangeStart, repositoryAt, sendRange } from './test/fake-registry.ts';

const mib = 1024 * 1024;
const bytes = Buffer.concat(Array.from({ length: 41 }, () => randomBytes(mib)));
/** Any download is slow, and is seen to be at its first bytes. */
const slow = { timing: { rateMs: 0, longRestMs: 0 } };

class Target implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'liker-download-'));
  readonly path = join(this.#folder, 'blob');
  readonly fd = openSync(this.path, constants.O_RDWR | constants.O_CREAT);
  readonly ends: number[] = [];
  readonly gaps: (number | null)[] = [];

  async from(repository: Repository, registry: FakeRegistry, signal = never): Promise<void> {
    const onBytes = (end: number): void => {
      this.ends.push(end);
    };
    const onGaps = async (end: number | null): Promise<void> => {
      this.gaps.push(end);
    };
    await repository.download(registry.addBlob(bytes), { fd: this.fd, offset: 0, onBytes, onGaps }, signal);
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
    rmSync(this.#folder, { recursive: true });
  }
}

/** Ranges that blobs were asked for, after the first request. */
function ranges(registry: FakeRegistry): string[] {
  const blobs = registry.seen.filter(({ line }) => line.includes('/blobs/'));
  return blobs.slice(1).map(({ headers }) => headers.range ?? 'whole');
}

const isInOrder = (numbers: readonly number[]): boolean =>
  numbers.every((number, index) => number >= (numbers[index - 1] ?? 0));

test('a long blob that comes slowly comes by several connections, and what is there is told in its order', async () => {
  await using registry = await FakeRegistry.start();
  using target = new Target();
  await target.from(repositoryAt(registry, 'x', {}, slow), registry);
  assert.ok(readFileSync(target.path).equals(bytes));
  const asked = ranges(registry);
  assert.equal(asked.length, 6);
  assert.ok(
    asked.every((range) => /^bytes=\d+-\d*$/.test(range)),
    asked.join(),
  );
  assert.ok(isInOrder(target.ends));
  assert.equal(target.ends.at(-1), bytes.length);
  assert.equal(target.gaps.at(-1), null);
  const marks = target.gaps.slice(0, -1).map(Number);
  assert.ok(marks.length > 0 && isInOrder(marks));
});

test('a quick one, and one that must be in order, come by one connection', async () => {
  await using registry = await FakeRegistry.start();
  using target = new Target();
  await target.from(repositoryAt(registry, 'x'), registry);
  assert.ok(readFileSync(target.path).equals(bytes));
  const repository = repositoryAt(registry, 'x', {}, slow);
  await repository.download(registry.addBlob(bytes), { fd: target.fd, offset: 0, onBytes: () => {} }, never);
  assert.deepEqual(ranges(registry), ['whole']);
  assert.deepEqual(target.gaps, []);
});

test('a part whose connection breaks is continued', async () => {
  await using registry = await FakeRegistry.start();
  using target = new Target();
  let broken = 0;
  registry.instead = (request, response, url) => {
    if (!url.pathname.includes('/blobs/') || rangeStart(request) < 20 * mib || broken > 0) return false;
    broken += 1;
    sendRange(request, response, bytes, mib);
    setImmediate(() => request.socket.destroySoon());
    return true;
  };
  await target.from(repositoryAt(registry, 'x', {}, slow), registry);
  assert.ok(readFileSync(target.path).equals(bytes));
  assert.equal(broken, 1);
});

test('a server that sends all whatever is asked for is read from the first byte that is missing', async () => {
  await using registry = await FakeRegistry.start();
  using target = new Target();
  registry.instead = (_request, response, url) => {
    if (!url.pathname.includes('/blobs/')) return false;
    response.writeHead(200, { 'accept-ranges': 'bytes', 'content-length': bytes.length }).end(bytes);
    return true;
  };
  await target.from(repositoryAt(registry, 'x', {}, slow), registry);
  assert.ok(readFileSync(target.path).equals(bytes));
  assert.equal(target.gaps.at(-1), null);
});

test('a download that is ended leaves no gaps', async () => {
  await using registry = await FakeRegistry.start();
  using target = new Target();
  const stop = new AbortController();
  const asked = new Set<string>();
  registry.instead = (request, response, url) => {
    if (!url.pathname.includes('/blobs/') || request.headers.range === undefined) return false;
    const start = rangeStart(request);
    // Of the first part a piece comes, the next two come as a whole, and then nothing more.
    if (start >= 8 * mib && start < 24 * mib) return false;
    asked.add(start < 8 * mib ? 'first' : 'last');
    if (start < 8 * mib) sendRange(request, response, bytes, mib);
    if (asked.size === 2) stop.abort(new Error('enough'));
    return true;
  };
  await assert.rejects(target.from(repositoryAt(registry, 'x', {}, slow), registry, stop.signal));
  const there = readFileSync(target.path);
  assert.ok(there.length < 16 * mib && there.equals(bytes.subarray(0, there.length)), String(there.length));
  assert.equal(target.gaps.at(-1), null);
});
