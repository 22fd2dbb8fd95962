import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { digestOf } from '../../common/digest.ts';

/** The only tag of each layout. */
export const tag = 'x';

/** Media types of OCI end in this. */
const compressions = {
  none: { ending: '', compress: (plain: Buffer) => plain },
  gzip: { ending: '+gzip', compress: (plain: Buffer) => gzipSync(plain, { level: 1 }) },
  zstd: { ending: '+zstd', compress: (plain: Buffer) => zstdCompressSync(plain) },
};

export interface ByHand {
  /** Tar archives, the lowest first. */
  readonly layers: readonly Buffer[];
  /** Default: gzip. A function for what the names do not say. */
  readonly compression?: keyof typeof compressions;
  readonly compress?: (plain: Buffer) => Buffer;
}

/** Writes an OCI layout with one image. */
export function writeLayout(
  folder: string,
  { layers, compression = 'gzip', compress = compressions[compression].compress }: ByHand,
): void {
  mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  const blob = (mediaType: string, bytes: Buffer) => {
    const digest = digestOf(bytes);
    writeFileSync(join(folder, 'blobs', digest.replace(':', '/')), bytes);
    return { mediaType: `application/vnd.oci.image.${mediaType}`, digest, size: bytes.length };
  };
  const json = (mediaType: string, value: object) => blob(mediaType, Buffer.from(JSON.stringify(value)));
  const created = '2026-01-31T12:00:00Z';
  const config = json('config.v1+json', {
    architecture: 'amd64',
    os: 'linux',
    created,
    config: { Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: layers.map((plain) => digestOf(plain)) },
    history: layers.map((_, index) => ({ created, created_by: `layer ${index + 1}` })),
  });
  const manifest = json('manifest.v1+json', {
    schemaVersion: 2,
    config,
    layers: layers.map((plain) => blob(`layer.v1.tar${compressions[compression].ending}`, compress(plain))),
  });
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion": "1.0.0"}');
  const annotations = { 'org.opencontainers.image.ref.name': tag };
  writeFileSync(
    join(folder, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
  );
}

/** Runs a program that must succeed; its output. */
export function exec(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 300_000,
  }).trim();
}
