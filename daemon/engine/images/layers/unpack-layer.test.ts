import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { LikerError } from '../../../../common/errors.ts';
import type { UnpackedLayer } from '../../../kernel/archive/report.ts';
import type { UnpackOptions } from '../../../kernel/archive/unpack.ts';
import { Semaphore } from '../../../loop/semaphore.ts';
import { Content } from '../../../storage/content.ts';
import { LayerFolders } from '../../../storage/layers.ts';
import { Trash } from '../../../storage/trash.ts';
import { Store } from '../../../store/store.ts';
import { memoryLog } from '../../../test/api-fixture.ts';
import { Journal } from '../../journal/journal.ts';
import type { LayerProgress } from '../api.ts';
import { Leases } from '../model/leases.ts';
import { ImageLedger } from '../model/ledger.ts';
import type { LayerParts } from './parts.ts';
import type { LayerSource, OpenSource } from './source.ts';
import { unpackLayer } from './unpack-layer.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const diffId = `sha256:${'b'.repeat(64)}`;
const size = 100;
const good: UnpackedLayer = {
  digest,
  size,
  diffId,
  unpacked: 200,
  entries: 1,
  diskBytes: 4096,
  compression: 'gzip',
};

/** An unpacker that has its result when all bytes are there, unless it is aborted before. */
class FakeUnpacker {
  readonly told: number[] = [];
  result: UnpackedLayer | Error = good;
  isAborted = false;
  readonly started = Promise.withResolvers<void>();

  start({ signal }: UnpackOptions) {
    this.started.resolve();
    const done = Promise.withResolvers<UnpackedLayer>();
    signal?.addEventListener('abort', () => {
      this.isAborted = true;
      done.reject(new LikerError('CANCELLED', 'aborted'));
    });
    return {
      available: (bytes: number) => void this.told.push(bytes),
      end: (bytes: number) => {
        this.told.push(-bytes);
        if (this.result instanceof Error) done.reject(this.result);
        else done.resolve(this.result);
      },
      layer: done.promise,
    };
  }

  startStream = () => assert.fail('the source is a file');
}

class Fixture {
  readonly folder = mkdtempSync(join(tmpdir(), 'liker-layer-'));
  readonly unpacker = new FakeUnpacker();
  readonly store = new Store(join(this.folder, 'liker.db'));
  readonly progress: LayerProgress[] = [];
  readonly ended: string[] = [];
  readonly parts: LayerParts = {
    leases: new Leases(),
    ledger: new ImageLedger(new Journal(this.store, memoryLog([])), this.store),
    content: new Content(this.folder, new Trash(join(this.folder, 'trash'))),
    packer: {
      recipe: () => assert.fail('nothing is packed here'),
      diff: () => assert.fail('nothing is packed here'),
    },
    layers: new LayerFolders(this.folder, new Trash(join(this.folder, 'trash'))),
    unpacker: this.unpacker,
    downloads: new Semaphore(1),
    unpacks: new Semaphore(1),
    whiteouts: 'trusted',
  };

  constructor(t: TestContext) {
    t.after(() => {
      this.store[Symbol.dispose]();
      rmSync(this.folder, { recursive: true });
    });
  }

  unpack(bring: OpenSource['bring'], { signal = new AbortController().signal, keep = false } = {}) {
    const path = join(this.folder, 'archive');
    writeFileSync(path, '');
    const source: LayerSource = {
      digest,
      size,
      open: async () => {
        const file = await open(path);
        return {
          fd: file.fd,
          there: 40,
          bring,
          taken: async () => void this.ended.push('taken'),
          refused: async () => void this.ended.push('refused'),
          [Symbol.asyncDispose]: () => file.close(),
        };
      },
    };
    return unpackLayer(this.parts, { source, diffId, keep }, (layer) => this.progress.push(layer), signal);
  }

  /** Names of the folders that layers are being unpacked in, and of those that are there. */
  get folders(): string[][] {
    return ['ingest', 'layers'].map((name) => readdirSync(join(this.folder, name)));
  }
}

test('a layer is unpacked while its bytes come, checked, and stored', async (t) => {
  const fixture = new Fixture(t);
  const row = await fixture.unpack(async (onBytes) => {
    // The unpacking has begun by then.
    await new Promise((resolve) => setTimeout(resolve, 0));
    for (const end of [60, 100]) onBytes(end);
  });
  assert.deepEqual({ diffId: row.diffId, size: row.size }, { diffId, size: 4096 });
  assert.deepEqual(fixture.unpacker.told.at(-1), -100);
  assert.ok(fixture.store.layers.has(diffId));
  assert.deepEqual(fixture.folders, [[], [diffId.replace(':', '-')]]);
  assert.deepEqual(fixture.ended, ['taken']);
  assert.equal(fixture.progress.at(-1)?.stage, 'done');
});

test('when the bytes do not come, the unpacking is ended, and what came stays for the next pull', async (t) => {
  const fixture = new Fixture(t);
  const failing = fixture.unpack(async () => {
    throw new LikerError('REGISTRY_UNREACHABLE', 'gone');
  });
  await assert.rejects(failing, { reason: 'REGISTRY_UNREACHABLE' });
  assert.deepEqual([fixture.folders, fixture.ended], [[[], []], []]);
  assert.ok(!fixture.store.layers.has(diffId));
});

test('when the archive is bad, the download is ended, and nothing of it stays', async (t) => {
  const fixture = new Fixture(t);
  let isEnded = false;
  fixture.unpacker.start = () => ({
    available: () => {},
    end: () => {},
    layer: Promise.reject(new LikerError('BAD_ARCHIVE', 'bad')),
  });
  const failing = fixture.unpack(
    (_onBytes, signal) =>
      new Promise((_resolve, reject) => {
        const end = (): void => {
          isEnded = true;
          reject(signal.reason);
        };
        if (signal.aborted) end();
        else signal.addEventListener('abort', end);
      }),
  );
  await assert.rejects(failing, { reason: 'BAD_ARCHIVE' });
  assert.ok(isEnded);
  assert.deepEqual([fixture.folders, fixture.ended], [[[], []], ['refused']]);
});

for (const [what, wrong] of Object.entries({
  digest: { digest: diffId },
  size: { size: 99 },
  'uncompressed digest': { diffId: digest },
})) {
  test(`a layer with another ${what} than the image says is refused`, async (t) => {
    const fixture = new Fixture(t);
    fixture.unpacker.result = { ...good, ...wrong };
    await assert.rejects(fixture.unpack(null), (error) => {
      assert.ok(error instanceof LikerError && error.reason === 'BAD_IMAGE', String(error));
      assert.match(error.message, new RegExp(`its ${what} is`));
      return true;
    });
    assert.deepEqual([fixture.folders, fixture.ended], [[[], []], ['refused']]);
    assert.ok(!existsSync(fixture.parts.layers.of(diffId)));
  });
}

test('whoever cancels ends both', async (t) => {
  const fixture = new Fixture(t);
  const cancel = new AbortController();
  const failing = fixture.unpack(
    (_onBytes, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    { signal: cancel.signal },
  );
  await fixture.unpacker.started.promise;
  cancel.abort(new LikerError('CANCELLED', 'The client cancelled the call'));
  await assert.rejects(failing, { reason: 'CANCELLED' });
  assert.ok(fixture.unpacker.isAborted);
  assert.deepEqual([fixture.folders, fixture.ended], [[[], []], []]);
});
