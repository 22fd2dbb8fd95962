import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { tar } from '../../../../native/test/tar.ts';
import { Packer } from '../../../kernel/archive/pack.ts';
import { Unpacker } from '../../../kernel/archive/unpack.ts';
import { openRegistries } from '../../../registry/registries.ts';
import { Content } from '../../../storage/content.ts';
import { LayerFolders } from '../../../storage/layers.ts';
import { Trash } from '../../../storage/trash.ts';
import { Store } from '../../../store/store.ts';
import { memoryLog } from '../../../test/api-fixture.ts';
import { Journal } from '../../journal/journal.ts';
import { imageContext } from '../context.ts';
import { draftLayer, type WriteTar, writeBytes } from '../layers/draft-layer.ts';
import { imageEvent } from '../model/events.ts';
import { ImageLedger } from '../model/ledger.ts';
import { getImage } from './get.ts';
import { makeImage } from './make-image.ts';

function fixture(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'liker-make-'));
  const store = new Store(join(folder, 'liker.db'));
  const registries = openRegistries({ folder, env: {} });
  t.after(() => {
    registries[Symbol.dispose]();
    store[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });
  const log = memoryLog([]);
  const trash = new Trash(join(folder, 'trash'));
  const context = imageContext({
    log,
    ledger: new ImageLedger(new Journal(store, log), store),
    content: new Content(folder, trash),
    layers: new LayerFolders(folder, trash),
    unpacker: new Unpacker(),
    packer: new Packer(),
    keepsBlobs: false,
    whiteouts: 'trusted',
    registries,
    shortNames: 'docker',
  });
  return { context, ingest: join(folder, 'ingest') };
}

const { signal } = new AbortController();
const draft = (context: Parameters<typeof draftLayer>[0], write: WriteTar, either = signal) =>
  draftLayer(context, write, () => {}, either);
const digest = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const image = {
  configuration: { architecture: 'amd64', os: 'linux', config: { Cmd: ['/a'] } },
  step: { createdBy: 'a test', comment: '' },
  names: ['docker.io/library/made:latest'],
  events: (id: string) => [imageEvent('import', id, 'made')],
};

async function* pieces(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test('a tar becomes an image, and a second one the layer above it', async (t) => {
  const { context, ingest } = fixture(t);
  const first = tar({ name: 'a', data: Buffer.alloc(300_000, 'a'), mode: 0o4711, uid: 7 });
  using lower = await draft(context, writeBytes(pieces(first, 100_000)));
  const { id } = await makeImage(context, lower, image);
  const path = join(context.layers.of(digest(first)), 'a');
  assert.deepEqual([statSync(path).mode & 0o7777, statSync(path).uid], [0o4711, 7]);
  const below = await getImage(context, 'made');
  assert.equal(below.id, id);
  assert.deepEqual(below.configuration.rootfs.diff_ids, [digest(first)]);

  const second = tar({ name: '.wh.a' }, { name: 'b' });
  using upper = await draft(context, writeBytes(pieces(second, 512)));
  const above = await makeImage(context, upper, {
    ...image,
    configuration: JSON.parse(below.configurationText),
    step: { createdBy: 'another', comment: 'why', author: 'me' },
  });
  const details = await getImage(context, above.id);
  assert.deepEqual(details.configuration.rootfs.diff_ids, [digest(first), digest(second)]);
  assert.deepEqual(
    details.configuration.history.map(({ created_by: by, comment, author }) => [by, comment, author]),
    [
      ['a test', '', ''],
      ['another', 'why', 'me'],
    ],
  );
  assert.deepEqual(details.names, image.names);
  assert.deepEqual((await getImage(context, id)).names, []);
  assert.ok(statSync(join(context.layers.of(digest(second)), 'a')).isCharacterDevice());
  assert.deepEqual(readdirSync(ingest), []);
});

test('a tar without entries is a step without a layer', async (t) => {
  const { context, ingest } = fixture(t);
  {
    using layer = await draft(context, writeBytes(pieces(tar(), 1024)));
    await makeImage(context, layer, image);
  }
  const { configuration } = await getImage(context, 'made');
  assert.deepEqual(configuration.rootfs.diff_ids, []);
  assert.deepEqual(
    configuration.history.map(({ empty_layer: isEmpty }) => isEmpty),
    [true],
  );
  assert.deepEqual([readdirSync(ingest), context.layers.list()], [[], []]);
});

test('layers that an image had without a step get one', async (t) => {
  const { context } = fixture(t);
  const bytes = tar({ name: 'a' });
  using lower = await draft(context, writeBytes(pieces(bytes, 1024)));
  await makeImage(context, lower, image);
  using upper = await draft(context, writeBytes(pieces(tar({ name: 'b' }), 1024)));
  const rootfs = { type: 'layers', diff_ids: [digest(bytes)] };
  await makeImage(context, upper, { ...image, configuration: { ...image.configuration, rootfs } });
  const { configuration } = await getImage(context, 'made');
  assert.deepEqual([configuration.rootfs.diff_ids.length, configuration.history.length], [2, 2]);
});

test('whatever fails says so, and nothing stays', async (t) => {
  const { context, ingest } = fixture(t);
  const good = tar({ name: 'a', data: Buffer.alloc(2_000_000) });
  const bad = Buffer.alloc(2_000_000, 'no tar ');
  await assert.rejects(draft(context, writeBytes(pieces(bad, 1000))), { reason: 'BAD_ARCHIVE' });
  await assert.rejects(draft(context, writeBytes(pieces(good.subarray(0, 1_000_000), 1000))), {
    reason: 'BAD_ARCHIVE',
  });
  // The end of what was written is also one of a whole tar.
  const late = async function* () {
    yield good;
    throw new Error('the client has gone');
  };
  await assert.rejects(draft(context, writeBytes(late())), /the client has gone/);
  // A writer that waits for more is ended with the unpacker.
  const waiting = async function* () {
    yield bad;
    await new Promise(() => {});
  };
  await assert.rejects(draft(context, writeBytes(waiting())), { reason: 'BAD_ARCHIVE' });
  const cancel = new AbortController();
  const cancelling = async function* () {
    yield good.subarray(0, 100_000);
    cancel.abort();
    yield good.subarray(100_000);
  };
  await assert.rejects(draft(context, writeBytes(cancelling()), cancel.signal), { reason: 'CANCELLED' });
  assert.deepEqual([readdirSync(ingest), context.layers.list()], [[], []]);
});

test('a program can write the tar', async (t) => {
  const { spawn } = await import('node:child_process');
  const { once } = await import('node:events');
  const { context } = fixture(t);
  using layer = await draft(context, async (output) => {
    const child = spawn('tar', ['-C', '/usr/include', '-cf', '-', 'stdlib.h'], {
      stdio: ['ignore', output, 'inherit'],
    });
    output.destroy();
    const [status] = await once(child, 'close');
    assert.equal(status, 0);
  });
  assert.deepEqual(readFileSync(join(layer.folder, 'stdlib.h')), readFileSync('/usr/include/stdlib.h'));
});
