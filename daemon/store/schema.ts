import type { DatabaseSync } from 'node:sqlite';
import { LikerError } from '../../common/errors.ts';

/** Each entry brings the schema from its index to the next version. Never change one that was released. */
const migrations: readonly string[] = [
  `
  CREATE TABLE container (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    spec TEXT NOT NULL,
    phase TEXT NOT NULL,
    facts TEXT NOT NULL
  ) STRICT;
  CREATE TABLE exec (
    id TEXT PRIMARY KEY,
    container_id TEXT NOT NULL REFERENCES container (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    spec TEXT NOT NULL,
    on_disconnect TEXT NOT NULL,
    exit TEXT
  ) STRICT;
  CREATE INDEX exec_container ON exec (container_id);
  CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,
    container_id TEXT NOT NULL,
    container_name TEXT NOT NULL,
    action TEXT NOT NULL,
    attributes TEXT NOT NULL
  ) STRICT;
  CREATE TABLE request (
    id TEXT PRIMARY KEY,
    time INTEGER NOT NULL,
    result TEXT NOT NULL
  ) STRICT;
  CREATE TABLE tombstone (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    time INTEGER NOT NULL,
    exit TEXT
  ) STRICT;
  `,
  // Event numbers belong to this database; a request is also known by what it asked for.
  `
  CREATE TABLE store (id TEXT NOT NULL) STRICT;
  INSERT INTO store (id) VALUES (lower(hex(randomblob(16))));
  ALTER TABLE request ADD COLUMN asked TEXT NOT NULL DEFAULT '';
  `,
  // An event is about a subject, and not always about a container.
  `
  ALTER TABLE event RENAME COLUMN container_id TO subject_id;
  ALTER TABLE event RENAME COLUMN container_name TO subject_name;
  ALTER TABLE event ADD COLUMN subject_type TEXT NOT NULL DEFAULT 'container';
  UPDATE event SET subject_type = 'daemon' WHERE subject_id = '';
  `,
  // Ids of the host that belong to one container. Those of before have none.
  `
  CREATE TABLE id_range (
    container_id TEXT PRIMARY KEY REFERENCES container (id) ON DELETE CASCADE,
    start INTEGER NOT NULL UNIQUE
  ) STRICT;
  `,
  // Images: a row for each file in blobs/ and each folder in layers/, and what refers to it.
  `
  CREATE TABLE blob (
    digest TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE layer (
    diff_id TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE image (
    id TEXT PRIMARY KEY REFERENCES blob (digest),
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE image_layer (
    image_id TEXT NOT NULL REFERENCES image (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    diff_id TEXT NOT NULL REFERENCES layer (diff_id),
    PRIMARY KEY (image_id, position)
  ) STRICT;
  CREATE INDEX image_layer_layer ON image_layer (diff_id);
  CREATE TABLE manifest (
    digest TEXT PRIMARY KEY REFERENCES blob (digest),
    image_id TEXT NOT NULL REFERENCES image (id) ON DELETE CASCADE
  ) STRICT;
  CREATE INDEX manifest_image ON manifest (image_id);
  CREATE TABLE image_name (
    name TEXT PRIMARY KEY,
    image_id TEXT NOT NULL REFERENCES image (id) ON DELETE CASCADE
  ) STRICT;
  CREATE INDEX image_name_image ON image_name (image_id);
  CREATE TABLE image_digest (
    repository TEXT NOT NULL,
    digest TEXT NOT NULL REFERENCES manifest (digest) ON DELETE CASCADE,
    PRIMARY KEY (repository, digest)
  ) STRICT;
  CREATE INDEX image_digest_digest ON image_digest (digest);
  CREATE TABLE container_image (
    container_id TEXT PRIMARY KEY REFERENCES container (id) ON DELETE CASCADE,
    image_id TEXT NOT NULL REFERENCES image (id)
  ) STRICT;
  CREATE INDEX container_image_image ON container_image (image_id);
  `,
  // Folders that outlive containers.
  `
  CREATE TABLE volume (
    name TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL,
    anonymous INTEGER NOT NULL,
    labels TEXT NOT NULL,
    state TEXT NOT NULL
  ) STRICT;
  `,
  // A container may need several images: that of its root, and those of its mounts.
  `
  ALTER TABLE container_image RENAME TO container_one_image;
  CREATE TABLE container_image (
    container_id TEXT NOT NULL REFERENCES container (id) ON DELETE CASCADE,
    image_id TEXT NOT NULL REFERENCES image (id),
    PRIMARY KEY (container_id, image_id)
  ) STRICT;
  INSERT INTO container_image (container_id, image_id) SELECT container_id, image_id FROM container_one_image;
  DROP TABLE container_one_image;
  CREATE INDEX container_image_image ON container_image (image_id);
  `,
  // What makes the archive of a layer again, a file in recipes/, and archives that are kept in blobs/.
  `
  CREATE TABLE recipe (
    diff_id TEXT PRIMARY KEY REFERENCES layer (diff_id) ON DELETE CASCADE,
    size INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE layer_blob (
    digest TEXT PRIMARY KEY REFERENCES blob (digest),
    diff_id TEXT NOT NULL REFERENCES layer (diff_id) ON DELETE CASCADE
  ) STRICT;
  CREATE INDEX layer_blob_layer ON layer_blob (diff_id);
  `,
  // Networks, and the addresses that containers have on them while they run.
  `
  CREATE TABLE network (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    spec TEXT NOT NULL
  ) STRICT;
  CREATE TABLE endpoint (
    container_id TEXT NOT NULL REFERENCES container (id) ON DELETE CASCADE,
    network_id TEXT NOT NULL REFERENCES network (id),
    number INTEGER NOT NULL,
    ipv4 TEXT,
    ipv6 TEXT,
    mac TEXT NOT NULL,
    PRIMARY KEY (container_id, network_id),
    UNIQUE (container_id, number),
    UNIQUE (network_id, ipv4),
    UNIQUE (network_id, ipv6)
  ) STRICT;
  `,
  // Leases, who holds them, and what belongs to them.
  `
  CREATE TABLE lease (
    id TEXT PRIMARY KEY,
    created_at INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    ttl_ms INTEGER NOT NULL,
    renewed_at INTEGER NOT NULL,
    ended TEXT NOT NULL
  ) STRICT;
  CREATE TABLE lease_holder (
    id INTEGER PRIMARY KEY,
    lease_id TEXT NOT NULL REFERENCES lease (id) ON DELETE CASCADE,
    pid INTEGER NOT NULL,
    start_time TEXT NOT NULL
  ) STRICT;
  CREATE INDEX lease_holder_lease ON lease_holder (lease_id);
  ALTER TABLE container ADD COLUMN lease_id TEXT REFERENCES lease (id) ON DELETE SET NULL;
  ALTER TABLE volume ADD COLUMN lease_id TEXT REFERENCES lease (id) ON DELETE SET NULL;
  ALTER TABLE network ADD COLUMN lease_id TEXT REFERENCES lease (id) ON DELETE SET NULL;
  CREATE INDEX container_lease ON container (lease_id) WHERE lease_id IS NOT NULL;
  CREATE INDEX volume_lease ON volume (lease_id) WHERE lease_id IS NOT NULL;
  CREATE INDEX network_lease ON network (lease_id) WHERE lease_id IS NOT NULL;
  `,
];

/** Brings the database to the newest schema. Errors: STORE_FAILED for one that a newer likerd has written. */
export function migrate(db: DatabaseSync, file: string): void {
  const row = db.prepare('PRAGMA user_version').get();
  const version = Number(row?.['user_version'] ?? 0);
  if (version > migrations.length) {
    throw new LikerError(
      'STORE_FAILED',
      `Cannot open the database '${file}': its schema has version ${version}, and this likerd knows at most ${migrations.length}; run the likerd that wrote it, or a newer one`,
    );
  }
  for (const [index, sql] of migrations.entries()) {
    if (index < version) continue;
    db.exec(`BEGIN IMMEDIATE; ${sql}; PRAGMA user_version = ${index + 1}; COMMIT`);
  }
}
