import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { GetDiskUsageResponse } from '../../proto/gen/types/liker/v1/GetDiskUsageResponse.ts';
import type { Suite } from './suite.ts';

/** Folders of --root with files that have rows, the rows, and the names of the files. */
const kept = {
  layers: {
    sql: 'SELECT diff_id AS digest FROM layer',
    nameOf: (digest: string) => digest.replace(':', '-'),
  },
  recipes: {
    sql: 'SELECT diff_id AS digest FROM recipe',
    nameOf: (digest: string) => digest.replace(':', '-'),
  },
  'blobs/sha256': {
    sql: 'SELECT digest FROM blob',
    nameOf: (digest: string) => digest.slice('sha256:'.length),
  },
};

/** All that is in the folders of images. */
export function imageFiles(root: string): string[] {
  return [...Object.keys(kept), 'ingest'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => `${folder}/${name}`),
  );
}

/** Names in the folders of images that have no row (`strange`), and rows without a file (`missing`). */
export function accountOf(root: string): { readonly strange: string[]; readonly missing: string[] } {
  const copy = mkdtempSync(join(tmpdir(), 'lk-account-'));
  try {
    return compare(root, copy);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** likerd has the database for itself: what is read is a copy, with what is still in its log. */
function compare(root: string, copy: string): ReturnType<typeof accountOf> {
  for (const name of ['liker.db', 'liker.db-wal'])
    if (existsSync(join(root, name))) cpSync(join(root, name), join(copy, name));
  using database = new DatabaseSync(join(copy, 'liker.db'));
  const strange: string[] = [];
  const missing: string[] = [];
  for (const [folder, { sql, nameOf }] of Object.entries(kept)) {
    const rows = database.prepare(sql).all() as { digest: string }[];
    const wanted = new Set(rows.map(({ digest }) => nameOf(digest)));
    const found = new Set(readdirSync(join(root, folder)));
    strange.push(...[...found.difference(wanted)].map((name) => `${folder}/${name}`));
    missing.push(...[...wanted.difference(found)].map((name) => `${folder}/${name}`));
  }
  // What has come of a layer's archive is for the next pull.
  const drafts = readdirSync(join(root, 'ingest')).filter((name) => !/^sha256-[0-9a-f]{64}$/.test(name));
  strange.push(...drafts.map((name) => `ingest/${name}`));
  return { strange, missing };
}

/** Bytes that `system df` tells of images and of downloads, and those that du finds. */
export async function diskUse(s: Suite): Promise<{ readonly told: number; readonly found: number }> {
  const { usages } = await s.api.call<GetDiskUsageResponse>((done) => s.api.system.GetDiskUsage({}, done));
  const told = usages
    .filter(({ type }) => type === 'Images' || type === 'Downloads')
    .reduce((sum, { sizeBytes }) => sum + Number(sizeBytes), 0);
  const folders = [...Object.keys(kept), 'ingest'];
  const lines = execFileSync('du', ['-s', '--block-size=1', ...folders], {
    cwd: s.daemon.root,
    encoding: 'utf8',
  });
  // The folders themselves are likerd's, and there before any image.
  const own = folders.reduce((sum, name) => sum + statSync(join(s.daemon.root, name)).blocks * 512, 0);
  const all = lines.trim().split('\n');
  return { told, found: all.reduce((sum, line) => sum + Number(line.split('\t')[0]), 0) - own };
}
