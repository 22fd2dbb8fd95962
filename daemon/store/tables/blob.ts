import type { Database } from '../database.ts';

/** A file in blobs/. */
export interface BlobRow {
  /** sha256:HEX, of the file's bytes. */
  readonly digest: string;
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** The blobs: manifests and configurations as they came, and archives of layers that are kept. */
export function blobTable(database: Database) {
  return {
    all: () => database.all<BlobRow>('SELECT digest, size, created_at AS createdAt FROM blob'),
    has: (digest: string) => database.all('SELECT 1 FROM blob WHERE digest = ?', digest).length > 0,
    /** Does nothing if it is there. */
    insert({ digest, size, createdAt }: BlobRow): void {
      const sql = 'INSERT OR IGNORE INTO blob (digest, size, created_at) VALUES (?, ?, ?)';
      database.run(sql, digest, size, createdAt);
    },
    /** Those that are no image's, no manifest's and no layer's. */
    unused: () =>
      database.all<BlobRow>(
        `SELECT digest, size, created_at AS createdAt FROM blob
          WHERE digest NOT IN (SELECT id FROM image) AND digest NOT IN (SELECT digest FROM manifest)
          AND digest NOT IN (SELECT digest FROM layer_blob)`,
      ),
    delete(digest: string): void {
      database.run('DELETE FROM blob WHERE digest = ?', digest);
    },
  };
}
