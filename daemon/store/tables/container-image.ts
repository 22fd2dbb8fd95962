import type { Database } from '../database.ts';

/** Which images a container needs, for its root and its mounts. They cannot be removed before it. */
export function containerImageTable(database: Database) {
  return {
    /** In the place of those that it needed before. Fails if one does not exist. */
    set(containerId: string, imageIds: readonly string[]): void {
      database.run('DELETE FROM container_image WHERE container_id = ?', containerId);
      for (const imageId of imageIds)
        database.run(
          'INSERT INTO container_image (container_id, image_id) VALUES (?, ?)',
          ...[containerId, imageId],
        );
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
