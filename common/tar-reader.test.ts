import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { tarEnd, tarHeader, tarPadding } from './tar.ts';
import { tarEntries } from './tar-reader.ts';

async function* inParts(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const text = Buffer.from('hello\n');
const archive = Buffer.concat([
  tarHeader({ kind: 'folder', name: 'a/b', size: 0 }),
  tarHeader({ kind: 'file', name: 'a/b/c', size: text.length }),
  text,
  tarPadding(text.length),
  tarHeader({ kind: 'file', name: 'empty', size: 0 }),
  tarEnd(),
]);

test('files and folders are read, however the bytes come', async () => {
  for (const size of [1, 100, 512, 700, archive.length]) {
    const found: unknown[] = [];
    for await (const { kind, name, bytes } of tarEntries(inParts(archive, size)))
      found.push([kind, name, (await buffer(bytes)).toString()]);
    assert.deepEqual(found, [
      ['folder', 'a/b', ''],
      ['file', 'a/b/c', 'hello\n'],
      ['file', 'empty', ''],
    ]);
  }
});

test('the size of a file that is too long for a plain header is read', async () => {
  const size = 9 * 1024 ** 3;
  const entries = tarEntries(inParts(tarHeader({ kind: 'file', name: 'big', size }), 512));
  const { value } = await entries.next();
  assert.ok(value);
  assert.deepEqual([value.name, value.size], ['big', size]);
});

test('what is no such archive, or breaks off, is refused', async () => {
  const all = async (bytes: Buffer): Promise<void> => {
    for await (const entry of tarEntries(inParts(bytes, 512))) await buffer(entry.bytes);
  };
  await assert.rejects(all(archive.subarray(0, 1030)), /it breaks off/);
  await assert.rejects(all(Buffer.alloc(1024, 1)), /it is no tar archive/);
  await assert.rejects(
    all(tarHeader({ kind: 'link', name: 'l', size: 0, target: 't' })),
    /'l' is neither a file nor a folder/,
  );
});
