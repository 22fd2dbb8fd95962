import assert from 'node:assert/strict';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { hasReason } from '../../../common/errors.ts';
import { tar } from '../../../native/test/tar.ts';
import { Unpacker, type Unpacking, type UnpackOptions } from './unpack.ts';

const top = mkdtempSync(join(tmpdir(), 'liker-unpack-'));
after(() => rmSync(top, { recursive: true, force: true }));

let count = 0;

interface Job extends Disposable {
  readonly unpacking: Unpacking;
  readonly source: string;
  readonly target: string;
}

function job(options: Partial<UnpackOptions> = {}, unpacker = new Unpacker()): Job {
  const folder = join(top, String(count++));
  const [source, target] = [join(folder, 'source'), join(folder, 'target')];
  mkdirSync(target, { recursive: true });
  writeFileSync(source, '');
  const fds = [openSync(source, 'r'), openSync(target, 'r')] as const;
  const unpacking = unpacker.start({
    source: fds[0],
    target: fds[1],
    whiteouts: 'trusted',
    maxEntries: 100,
    maxBytes: 2 ** 30,
    ...options,
  });
  return {
    unpacking,
    source,
    target,
    [Symbol.dispose]() {
      for (const fd of fds) closeSync(fd);
    },
  };
}

test('a layer is unpacked while its bytes come', async () => {
  const archive = tar({ name: 'a', data: Buffer.alloc(100_000, 1) }, { name: 'b' });
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  using it = job({ onProgress: () => resolve() });
  for (const end of [1000, 60_000]) {
    appendFileSync(it.source, archive.subarray(end === 1000 ? 0 : 1000, end));
    it.unpacking.available(end);
  }
  await begun;
  appendFileSync(it.source, archive.subarray(60_000));
  it.unpacking.end(archive.length);
  const layer = await it.unpacking.layer;
  assert.equal(layer.size, archive.length);
  assert.equal(layer.diffId, layer.digest);
  assert.deepEqual(readdirSync(it.target), ['a', 'b']);
});

test('it is ended by the signal', async () => {
  const stop = new AbortController();
  using it = job({ signal: stop.signal });
  it.unpacking.available(0);
  stop.abort();
  await assert.rejects(it.unpacking.layer, (error) => hasReason(error, 'CANCELLED'));
});

test('a damaged archive is BAD_ARCHIVE, and more than was allowed is TOO_MANY', async () => {
  const unpacked = async (archive: Buffer, options: Partial<UnpackOptions>) => {
    using it = job(options);
    writeFileSync(it.source, archive);
    it.unpacking.end(archive.length);
    return await it.unpacking.layer;
  };
  const archive = tar({ name: 'a' }, { name: 'b' });
  const garbage = unpacked(Buffer.alloc(1000, 1), {});
  await assert.rejects(garbage, (error) => hasReason(error, 'BAD_ARCHIVE'));
  await assert.rejects(unpacked(archive, { maxEntries: 1 }), (error) => hasReason(error, 'TOO_MANY'));
  await assert.rejects(unpacked(archive, { maxBytes: 1000 }), (error) => hasReason(error, 'TOO_MANY'));
});

test('a program that is not there, or says nothing, is an error', async () => {
  using missing = job({}, new Unpacker('/nonexistent'));
  await assert.rejects(missing.unpacking.layer, /ENOENT/);
  using silent = job({}, new Unpacker('/bin/true'));
  await assert.rejects(silent.unpacking.layer, (error) => hasReason(error, 'INTERNAL'));
});
