import type { Database } from '../database.ts';

/** Which image a container was made from. That image cannot be removed before it. */
export function containerImageTable(database: Database) {
  return {
    /** Fails if there is no such image. */
    insert(containerId: string, imageId: string): void {
      const sql = 'INSERT INTO container_image (container_id, image_id) VALUES (?, ?)';
      database.run(sql, containerId, imageId);
    },
    /** Ids of the containers. */
    containersOf: (imageId: string) =>
      database
        .all<{ id: string }>(
          'SELECT container_id AS id FROM container_image WHERE image_id = ? ORDER BY rowid',
          imageId,
        )
        .map(({ id }) => id),
    /** How many containers each image has; one without is not there. */
    counts: () =>
      new Map(
        database
          .all<{ imageId: string; count: number }>(
            'SELECT image_id AS imageId, count(*) AS count FROM container_image GROUP BY image_id',
          )
          .map(({ imageId, count }) => [imageId, count]),
      ),
  };
}
