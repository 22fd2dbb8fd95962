import type { Database } from '../database.ts';
import type { BlobRow } from './blob.ts';

/** A blob that is the compressed archive of a layer. */
export interface LayerBlobRow {
  /** sha256:HEX, of the archive's bytes. */
  readonly digest: string;
  readonly diffId: string;
}

/** The archives that are kept. A layer may have several, compressed differently; they go with it. */
export function layerBlobTable(database: Database) {
  return {
    all: () => database.all<LayerBlobRow>('SELECT digest, diff_id AS diffId FROM layer_blob'),
    has: (digest: string) => database.all('SELECT 1 FROM layer_blob WHERE digest = ?', digest).length > 0,
    /** Those of a layer. */
    of: (diffId: string) =>
      database.all<BlobRow>(
        `SELECT digest, size, created_at AS createdAt FROM layer_blob JOIN blob USING (digest)
          WHERE diff_id = ? ORDER BY digest`,
        diffId,
      ),
    /** Does nothing if it is there. */
    insert({ digest, diffId }: LayerBlobRow): void {
      const sql = 'INSERT OR IGNORE INTO layer_blob (digest, diff_id) VALUES (?, ?)';
      database.run(sql, digest, diffId);
    },
    delete(digest: string): void {
      database.run('DELETE FROM layer_blob WHERE digest = ?', digest);
    },
  };
}
