import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Configurations } from './configuration-file.ts';

const made = (author: string) =>
  Buffer.from(JSON.stringify({ author, rootfs: { type: 'layers', diff_ids: [] } }));

function fixture() {
  const files = new Map<string, Buffer>();
  const reads: string[] = [];
  const configurations = new Configurations({
    async read(id) {
      reads.push(id);
      const bytes = files.get(id);
      if (!bytes) throw new Error('it is not there');
      return bytes;
    },
  });
  return { files, reads, configurations };
}

test('a configuration is read once; one that cannot be read is tried again', async () => {
  const { files, reads, configurations } = fixture();
  await assert.rejects(configurations.of('one'), { reason: 'LAYER_DAMAGED' });
  files.set('one', made('someone'));
  const first = await configurations.of('one');
  assert.equal(await configurations.of('one'), first);
  assert.deepEqual(reads, ['one', 'one']);
});

test('of many images only the last are kept, and no large ones', async () => {
  const { files, reads, configurations } = fixture();
  files.set('large', made('x'.repeat(1 << 20)));
  for (let index = 0; index < 200; index++) files.set(`${index}`, made('someone'));
  for (const id of [...files.keys(), '199', '0', 'large']) await configurations.of(id);
  assert.deepEqual(reads.slice(files.size), ['0', 'large']);
});
