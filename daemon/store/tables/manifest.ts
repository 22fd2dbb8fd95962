import type { Database } from '../database.ts';

/** A manifest by which an image came, and a repository where it is known by that digest. */
export interface ImageDigestRow {
  readonly imageId: string;
  /** Canonical: docker.io/library/debian. */
  readonly repository: string;
  /** sha256:HEX, of the manifest or of the index that led to it. */
  readonly digest: string;
}

const select = `SELECT image_id AS imageId, repository, digest FROM image_digest JOIN manifest USING (digest)`;

/** The manifests of images, which are blobs. */
export function manifestTable(database: Database) {
  return {
    insert({ digest, imageId }: Pick<ImageDigestRow, 'digest' | 'imageId'>): void {
      const sql =
        'INSERT INTO manifest (digest, image_id) VALUES (?, ?) ON CONFLICT (digest) DO UPDATE SET image_id = excluded.image_id';
      database.run(sql, digest, imageId);
    },
    /** The manifest must have a row. */
    insertDigest({ repository, digest }: Pick<ImageDigestRow, 'repository' | 'digest'>): void {
      const sql = 'INSERT OR IGNORE INTO image_digest (repository, digest) VALUES (?, ?)';
      database.run(sql, repository, digest);
    },
    deleteDigest({ repository, digest }: Pick<ImageDigestRow, 'repository' | 'digest'>): void {
      database.run('DELETE FROM image_digest WHERE repository = ? AND digest = ?', repository, digest);
    },
    /** Digests of manifests, the oldest first. */
    of: (imageId: string) =>
      database
        .all<{ digest: string }>('SELECT digest FROM manifest WHERE image_id = ? ORDER BY rowid', imageId)
        .map(({ digest }) => digest),
    allDigests: () => database.all<ImageDigestRow>(`${select} ORDER BY repository, digest`),
    digestsOf: (imageId: string) =>
      database.all<ImageDigestRow>(`${select} WHERE image_id = ? ORDER BY repository, digest`, imageId),
    /** Repositories where images with this layer are known by a digest. */
    repositoriesWith: (diffId: string) =>
      database
        .all<{ repository: string }>(
          `SELECT DISTINCT repository FROM image_layer JOIN manifest USING (image_id) JOIN image_digest USING (digest)
            WHERE diff_id = ? ORDER BY repository`,
          diffId,
        )
        .map(({ repository }) => repository),
    /** The image that is known by this digest there; null: none. */
    imageOf: (repository: string, digest: string) =>
      database.all<ImageDigestRow>(`${select} WHERE repository = ? AND digest = ?`, repository, digest)[0]
        ?.imageId ?? null,
  };
}
