import type { Database } from '../database.ts';

export interface ImageRow {
  /** sha256:HEX, of its configuration, which is a blob. */
  readonly id: string;
  /** When it came here, in milliseconds since the epoch. */
  readonly createdAt: number;
}

const columns = 'id, created_at AS createdAt';

/** The images, and which layers each has. */
export function imageTable(database: Database) {
  return {
    /** In the order in which they came. */
    all: () => database.all<ImageRow>(`SELECT ${columns} FROM image ORDER BY rowid`),
    get: (id: string) => database.all<ImageRow>(`SELECT ${columns} FROM image WHERE id = ?`, id)[0] ?? null,
    /** Two at most. `prefix` has no wildcards. */
    byPrefix: (prefix: string) =>
      database.all<ImageRow>(`SELECT ${columns} FROM image WHERE id LIKE ? LIMIT 2`, `${prefix}%`),
    /** Diff ids of its layers, the lowest first. */
    diffIds: (id: string) =>
      database
        .all<{ diffId: string }>(
          'SELECT diff_id AS diffId FROM image_layer WHERE image_id = ? ORDER BY position',
          id,
        )
        .map(({ diffId }) => diffId),
    /** Its layers, the lowest first, must have rows. Does nothing if the image is there. */
    insert({ id, createdAt }: ImageRow, diffIds: readonly string[]): void {
      database.run('INSERT OR IGNORE INTO image (id, created_at) VALUES (?, ?)', id, createdAt);
      for (const [position, diffId] of diffIds.entries())
        database.run(
          'INSERT OR IGNORE INTO image_layer (image_id, position, diff_id) VALUES (?, ?, ?)',
          ...[id, position, diffId],
        );
    },
    /** With its names and manifests. Fails if a container uses it. */
    delete(id: string): void {
      database.run('DELETE FROM image WHERE id = ?', id);
    },
  };
}
