import type { Database } from '../database.ts';

/** A folder in layers/. */
export interface LayerRow {
  /** sha256:HEX, of the layer's uncompressed archive. */
  readonly diffId: string;
  /** Bytes that its files take on the disk. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

const columns = 'diff_id AS diffId, size, created_at AS createdAt';

/** The unpacked layers. */
export function layerTable(database: Database) {
  return {
    all: () => database.all<LayerRow>(`SELECT ${columns} FROM layer`),
    has: (diffId: string) => database.all('SELECT 1 FROM layer WHERE diff_id = ?', diffId).length > 0,
    /** Those of an image, the lowest first. One may be there more than once. */
    of: (imageId: string) =>
      database.all<LayerRow>(
        `SELECT ${columns} FROM image_layer JOIN layer USING (diff_id) WHERE image_id = ? ORDER BY position`,
        imageId,
      ),
    /** Those that no other image has, the lowest first. */
    onlyOf: (imageId: string) =>
      database.all<LayerRow>(
        `SELECT ${columns} FROM layer JOIN image_layer USING (diff_id) WHERE image_id = ?1
          AND NOT EXISTS (SELECT 1 FROM image_layer AS other WHERE other.diff_id = layer.diff_id AND other.image_id <> ?1)
          GROUP BY diff_id ORDER BY min(position)`,
        imageId,
      ),
    /** Does nothing if it is there. */
    insert({ diffId, size, createdAt }: LayerRow): void {
      const sql = 'INSERT OR IGNORE INTO layer (diff_id, size, created_at) VALUES (?, ?, ?)';
      database.run(sql, diffId, size, createdAt);
    },
    /** Those that no image has. */
    unused: () =>
      database.all<LayerRow>(
        `SELECT ${columns} FROM layer WHERE diff_id NOT IN (SELECT diff_id FROM image_layer)`,
      ),
    delete(diffId: string): void {
      database.run('DELETE FROM layer WHERE diff_id = ?', diffId);
    },
  };
}
