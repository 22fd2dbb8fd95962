import type { Database } from '../database.ts';

export interface ImageNameRow {
  /** Canonical, with its tag: docker.io/library/debian:latest. */
  readonly name: string;
  readonly imageId: string;
}

/** The names of images. Each belongs to one image. */
export function imageNameTable(database: Database) {
  return {
    all: () => database.all<ImageNameRow>('SELECT name, image_id AS imageId FROM image_name ORDER BY name'),
    imageOf: (name: string) =>
      database.all<ImageNameRow>('SELECT name, image_id AS imageId FROM image_name WHERE name = ?', name)[0]
        ?.imageId ?? null,
    of: (imageId: string) =>
      database
        .all<ImageNameRow>(
          'SELECT name, image_id AS imageId FROM image_name WHERE image_id = ? ORDER BY name',
          imageId,
        )
        .map(({ name }) => name),
    /** Takes the name from the image that had it. */
    set({ name, imageId }: ImageNameRow): void {
      const sql =
        'INSERT INTO image_name (name, image_id) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET image_id = excluded.image_id';
      database.run(sql, name, imageId);
    },
    delete(name: string): void {
      database.run('DELETE FROM image_name WHERE name = ?', name);
    },
  };
}
