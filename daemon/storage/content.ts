import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const hexName = /^[0-9a-f]{64}$/;

/**
 * Files by the digest of their bytes, below ROOT/blobs/sha256: manifests and configurations as they came, and layers' archives that are to be
 * kept. ROOT/ingest has those that are still coming.
 */
export class Content {
  readonly #blobs: string;
  readonly #ingest: string;

  constructor(root: string) {
    this.#blobs = join(root, 'blobs/sha256');
    this.#ingest = join(root, 'ingest');
    for (const folder of [this.#blobs, this.#ingest]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Where the file with this digest is. */
  path(digest: string): string {
    return join(this.#blobs, hexOf(digest));
  }

  /** Digests of all files. Other entries are not Liker's. */
  list(): string[] {
    return readdirSync(this.#blobs)
      .filter((name) => hexName.test(name))
      .map((name) => `sha256:${name}`);
  }

  /** The size of a file; null: it is not there. */
  async size(digest: string): Promise<number | null> {
    return stat(this.path(digest)).then(
      ({ size }) => size,
      () => null,
    );
  }

  /** Its bytes. Rejects when it is not there, has more than `maxBytes`, or another digest. */
  async read(digest: string, maxBytes: number): Promise<Buffer> {
    await using file = await open(this.path(digest));
    const { size } = await file.stat();
    if (size > maxBytes) throw new Error(`it has ${size} bytes, and at most ${maxBytes} are read`);
    const bytes = await file.readFile();
    if (digestOf(bytes) !== digest) throw new Error('its bytes do not have its digest');
    return bytes;
  }

  /** Stores bytes, which are few, and returns their digest. They are on the disk when it resolves. */
  async write(bytes: Uint8Array): Promise<string> {
    const digest = digestOf(bytes);
    const draft = join(this.#ingest, `blob-${randomUUID()}`);
    try {
      await using file = await open(draft, 'wx', 0o600);
      await file.writeFile(bytes);
      await file.datasync();
      await rename(draft, this.path(digest));
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    return digest;
  }

  /** Removes a file, if it is there. */
  async remove(digest: string): Promise<void> {
    await rm(this.path(digest), { force: true });
  }
}

/** sha256:HEX of bytes, which are few. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Of a digest whose form was checked. */
export function hexOf(digest: string): string {
  const hex = digest.slice('sha256:'.length);
  if (!digest.startsWith('sha256:') || !hexName.test(hex))
    throw new Error(`'${digest}' is no digest by SHA-256`);
  return hex;
}
