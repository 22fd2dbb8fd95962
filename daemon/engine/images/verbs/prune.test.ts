import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openRegistries } from '../../../registry/registries.ts';
import { Content } from '../../../storage/content.ts';
import { LayerFolders } from '../../../storage/layers.ts';
import { Trash } from '../../../storage/trash.ts';
import { Store } from '../../../store/store.ts';
import { memoryLog } from '../../../test/api-fixture.ts';
import { Journal } from '../../journal/journal.ts';
import { type ImageContext, imageContext } from '../context.ts';
import { ImageLedger } from '../model/ledger.ts';
import { pruneImages } from './prune.ts';
import { storeImage } from './store-image.ts';
import { tagImage } from './tag.ts';

const noLayer = () => assert.fail('no layer is unpacked');

/** Images on a disk of their own, and what happens while a file of one is read. */
function fixture(t: TestContext): { readonly context: ImageContext; whileRead: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'liker-prune-'));
  const store = new Store(join(folder, 'liker.db'));
  const registries = openRegistries({ folder, env: {} });
  t.after(() => {
    registries[Symbol.dispose]();
    store[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });
  const log = memoryLog([]);
  const trash = new Trash(join(folder, 'trash'));
  class WatchedContent extends Content {
    override read(digest: string, maxBytes: number): Promise<Buffer> {
      made.whileRead();
      return super.read(digest, maxBytes);
    }
  }
  const context = imageContext({
    log,
    ledger: new ImageLedger(new Journal(store, log), store),
    content: new WatchedContent(folder, trash),
    layers: new LayerFolders(folder, trash),
    unpacker: { start: noLayer, startStream: noLayer },
    packer: { recipe: noLayer, diff: noLayer },
    keepsBlobs: false,
    whiteouts: 'trusted',
    registries,
    shortNames: 'docker',
  });
  const made = { context, whileRead: () => {} };
  return made;
}

/** An image without layers and names, whose configuration was not read yet. Returns its id. */
async function store(context: ImageContext): Promise<string> {
  const configuration = Buffer.from(JSON.stringify({ rootfs: { type: 'layers', diff_ids: [] } }));
  const event = { action: 'load', name: '' } as const;
  const { id } = await storeImage(
    context,
    { configuration, layers: [], documents: [], names: [], digests: [], keepBlobs: false, event },
    () => {},
    new AbortController().signal,
  );
  context.summaries.forget(id);
  return id;
}

const dangling = { all: false, filters: [] };

test('an image that gets a name while a prune looks at it stays', async (t) => {
  const made = fixture(t);
  const { context } = made;
  const id = await store(context);
  made.whileRead = () => tagImage(context, id, 'kept');
  assert.deepEqual((await pruneImages(context, dangling)).removed, []);
  assert.deepEqual(context.ledger.rows.imageNames.of(id), ['docker.io/library/kept:latest']);
});

test('two prunes at once remove an image once, and an image of the same bytes that comes next is whole', async (t) => {
  const { context } = fixture(t);
  const id = await store(context);
  const answers = await Promise.all([pruneImages(context, dangling), pruneImages(context, dangling)]);
  assert.deepEqual(
    answers.flatMap(({ removed }) => removed.map((image) => image.id)),
    [id],
  );
  assert.equal(await context.content.size(id), null);
  assert.equal(await store(context), id);
  assert.notEqual(await context.content.size(id), null);
});
