import { createHash, type Hash } from 'node:crypto';
import { createWriteStream, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, createZstdCompress } from 'node:zlib';
import { digestOf } from '../../common/digest.ts';
import type { Archive } from './contents.ts';

export type Compression = 'gzip' | 'zstd';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

interface Layer {
  readonly descriptor: Descriptor;
  readonly diffId: string;
}

const type = 'application/vnd.oci.image';
/** Layers that are compressed at the same time. */
const atOnce = 2;

/**
 * Writes an image as an OCI layout, with the tag `latest`, that is what `docker save` writes, too. The lowest layer comes first. Resolves
 * with the bytes of its layers.
 */
export async function writeLayout(
  folder: string,
  name: string,
  layers: readonly Archive[],
  compression: Compression,
): Promise<number> {
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  const written: Layer[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < layers.length; index = next++)
      written[index] = await writeLayer(folder, layers[index] as Archive, compression);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  const config = writeDocument(folder, `${type}.config.v1+json`, {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    created: '2026-01-01T00:00:00Z',
    config: { Cmd: ['/bin/true'] },
    rootfs: { type: 'layers', diff_ids: written.map(({ diffId }) => diffId) },
    history: written.map(() => ({ created_by: 'bench' })),
  });
  const manifest = writeDocument(folder, `${type}.manifest.v1+json`, {
    schemaVersion: 2,
    mediaType: `${type}.manifest.v1+json`,
    config,
    layers: written.map(({ descriptor }) => descriptor),
  });
  const annotations = { 'org.opencontainers.image.ref.name': 'latest' };
  const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations }] };
  writeFileSync(join(folder, 'index.json'), JSON.stringify(index));
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion": "1.0.0"}');
  const paths = written.map(({ descriptor: { digest } }) => pathOf(digest));
  const saved = [{ Config: pathOf(config.digest), RepoTags: [name], Layers: paths }];
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(saved));
  return written.reduce((sum, { descriptor: { size } }) => sum + size, 0);
}

async function writeLayer(folder: string, archive: Archive, compression: Compression): Promise<Layer> {
  const draft = join(folder, `draft-${Math.random()}`);
  const [plain, compressed] = [createHash('sha256'), createHash('sha256')];
  let size = 0;
  const count = (chunk: Buffer): void => {
    size += chunk.length;
  };
  const compressor = compression === 'gzip' ? createGzip() : createZstdCompress();
  await pipeline(
    Readable.from(archive),
    hashing(plain),
    compressor,
    hashing(compressed, count),
    createWriteStream(draft),
  );
  const digest = `sha256:${compressed.digest('hex')}`;
  renameSync(draft, join(folder, pathOf(digest)));
  const mediaType = `${type}.layer.v1.tar+${compression}`;
  return { descriptor: { mediaType, digest, size }, diffId: `sha256:${plain.digest('hex')}` };
}

function pathOf(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function hashing(hash: Hash, take: (chunk: Buffer) => void = () => {}): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      take(chunk);
      done(null, chunk);
    },
  });
}

function writeDocument(folder: string, mediaType: string, content: object): Descriptor {
  const bytes = Buffer.from(JSON.stringify(content));
  const digest = digestOf(bytes);
  writeFileSync(join(folder, pathOf(digest)), bytes);
  return { mediaType, digest, size: bytes.length };
}
